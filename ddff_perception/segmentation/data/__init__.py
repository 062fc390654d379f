"""What the networks learn from: rendered rooms through models of sensors, and public data sets."""
