"""Time maps scored: bags, results on disk, and their part of report pages."""
