"""A simulated RGB-D camera: colour, depth and true labels of rendered rooms, live and in bags."""
