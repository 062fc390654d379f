"""Networks at run time: engines in, depth out, no torch."""
