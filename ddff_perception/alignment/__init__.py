"""A live or recorded video laid over a recorded one: where on the route, and when."""
