"""Depth scored against the truth: bags, result folders, their report, speed."""
