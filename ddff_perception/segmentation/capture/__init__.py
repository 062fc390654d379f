"""From the messages of an RGB-D camera to frames on one grid: units, registration, filling."""
