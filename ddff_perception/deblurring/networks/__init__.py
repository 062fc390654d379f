"""Networks that deblur: the thesis' two, their ablations, and ours, which streams."""
