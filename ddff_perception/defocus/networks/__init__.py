"""Networks that see defocus."""
