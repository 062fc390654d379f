"""Depth from defocus: one image in; depth, a signed defocus map and a sharp image out."""
