"""The data under audit: lazy, of any engine, and the types that are there."""
