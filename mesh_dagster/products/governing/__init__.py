"""How products are governed: what is looked up of them, and what owners do with their lives."""
