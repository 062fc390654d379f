"""The commands of reflection separation."""
