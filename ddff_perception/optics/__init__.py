"""Physics without learning: thin lens, lens tables, camera geometry."""
