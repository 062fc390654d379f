"""Labels without learning: the planes of a room, and what stands before them."""
