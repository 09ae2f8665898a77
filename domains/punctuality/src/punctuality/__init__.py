"""How punctual routes and carriers are."""
