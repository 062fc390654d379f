"""Training stacks that are made: scenes, lenses, blur, noise; files and whole batches."""
