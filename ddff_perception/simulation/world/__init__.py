"""Scenes to learn from: rooms that are furnished as people do, and odd scenes of no room at all."""
