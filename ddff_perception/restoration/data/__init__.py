"""What restoration learns from: labelled and unlabelled clean images, and how they are degraded."""
