"""Networks that describe frames; torch."""
