"""Data sets as training data: the papers', a user's own stacks, fixed numbers of slices."""
