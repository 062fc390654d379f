"""Networks that restore: the thesis', those it compares with, and ours."""
