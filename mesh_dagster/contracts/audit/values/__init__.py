"""Rules on values: where they look, what breaks them, and the one pass that counts it."""
