"""A polarization camera that is simulated: panes, folders, bags, a node."""
