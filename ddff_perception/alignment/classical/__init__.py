"""Descriptors of images without learning."""
