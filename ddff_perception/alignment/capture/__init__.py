"""Frames of bags, videos and folders, and the reference that is made of them."""
