"""Models, photographs and light that scenes may be made of: fetched, checked, credited."""
