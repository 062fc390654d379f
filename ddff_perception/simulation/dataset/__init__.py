"""Data sets of rendered scenes: presets, workers, files, and the reader that training uses."""
