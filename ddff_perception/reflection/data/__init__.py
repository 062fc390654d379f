"""Training samples that are made, one step of the photons per file; torch."""
