"""What networks leave in images: checkerboards, lost colour, ringing; measured and shown."""
