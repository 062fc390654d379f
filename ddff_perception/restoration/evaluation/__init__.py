"""Bags, results on disk, scores by class and the demo."""
