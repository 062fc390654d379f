"""`ddff deblur`."""
