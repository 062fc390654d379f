"""Bags, results on disk and the demo."""
