"""Commands on recordings of routes."""
