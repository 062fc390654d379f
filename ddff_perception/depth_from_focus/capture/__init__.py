"""Images and focus states in, one slice per focus distance out, all in one view."""
