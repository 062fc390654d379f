"""Polarizer images in, linear and checked, one set per instant."""
