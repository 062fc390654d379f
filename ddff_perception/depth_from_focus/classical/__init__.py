"""Methods without learning: focus measures, peaks, volumes, regularisation."""
