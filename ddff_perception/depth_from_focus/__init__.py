"""Focus sweep in, metric depth out."""
