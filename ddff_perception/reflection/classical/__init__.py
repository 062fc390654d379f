"""Methods without learning: uniform planes, patches, independence."""
