"""What a query goes through: bins in order, candidates, distances from codes, exact distances."""
