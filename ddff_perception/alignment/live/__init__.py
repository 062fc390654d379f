"""The same matching as a filter over time: one column of costs per new frame."""
