"""A simulated camera that moves while its shutter is open: blurred frames, and sharp ones."""
