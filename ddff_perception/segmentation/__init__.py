"""Labels from colour and depth: an RGB-D camera in, what each pixel shows out."""
