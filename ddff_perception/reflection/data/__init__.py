"""Training samples that are made in batches, one step of the photons per file; torch."""
