"""`ddff restore`."""
