"""Depth maps scored and drawn, for every capability that finds depth."""
