"""What vectors become: cluster centres, the tree of them, line codes and 4-bit codes."""
