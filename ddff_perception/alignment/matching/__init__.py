"""Two sequences of descriptors in, a monotone time map out: pure functions of arrays."""
