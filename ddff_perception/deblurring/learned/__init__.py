"""The network at run time, without torch."""
