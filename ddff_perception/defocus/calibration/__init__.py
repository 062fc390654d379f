"""How much a lens blurs, from a chart at known distances."""
