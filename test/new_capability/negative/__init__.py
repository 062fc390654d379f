"""The negative of an image: the smallest capability that has everything."""
