"""Methods without learning: blur at edges, filled in between, and blur undone."""
