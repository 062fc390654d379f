"""`ddff deblur` and `ddff bursts`."""
