"""The focal stack: depth, confidence, all-in-focus image, point cloud."""
