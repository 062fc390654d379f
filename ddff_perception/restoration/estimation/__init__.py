"""What degradation an image shows, from the image alone."""
