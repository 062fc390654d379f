"""A degraded image in, a restored one out: noise, blur, JPEG and small size undone."""
