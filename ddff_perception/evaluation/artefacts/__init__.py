"""What networks leave in images: checkerboards, lost colour, ringing, as measures and as demonstrations."""
