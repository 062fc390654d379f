"""How descriptors learn: triplets, presets, cards."""
