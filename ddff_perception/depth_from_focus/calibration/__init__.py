"""Lens calibration from sweeps of a board: lens position, focus distance, magnification."""
