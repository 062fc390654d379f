"""Networks at run time, without torch."""
