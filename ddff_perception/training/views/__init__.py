"""Sharp views with depth, and what cameras with lenses make of them: what networks learn from."""
