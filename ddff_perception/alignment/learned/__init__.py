"""Descriptors by a network at run time, without torch."""
