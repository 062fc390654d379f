"""A focus-sweeping camera that is simulated: sweeps, folders, bags, a node."""
