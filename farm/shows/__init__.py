"""Shows: the file a writer keeps, its form, and loading it without doubling anything."""
