"""A camera that is driven along a route through a furnished room, again and again."""
