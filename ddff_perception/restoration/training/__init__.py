"""How restoration learns, and what it is exported to."""
