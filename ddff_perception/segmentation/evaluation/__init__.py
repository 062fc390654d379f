"""Labels scored: counts, bags, results on disk, and their part of report pages."""
