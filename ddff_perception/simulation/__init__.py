"""Scenes and simulated sensors on Mitsuba 3, and the simulated camera node."""
