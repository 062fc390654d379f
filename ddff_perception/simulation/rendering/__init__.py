"""Path-traced scenes with exact depth (Mitsuba)."""
