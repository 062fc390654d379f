"""Triples to learn from, as iDFD has them: wide aperture, narrow aperture, depth sensor."""
