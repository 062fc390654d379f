"""Networks that label pixels from colour, depth or both; torch."""
