"""Every scheduled departure from New York, and what became of it."""
