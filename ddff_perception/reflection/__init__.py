"""Polarization camera in, what a window shows and what it reflects out."""
