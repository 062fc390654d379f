"""Blurred frames of a moving camera in, sharp ones out."""
