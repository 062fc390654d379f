"""The trained network at run time."""
