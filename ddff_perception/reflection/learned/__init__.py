"""The network at run time: engine, tiles, any size, no torch."""
