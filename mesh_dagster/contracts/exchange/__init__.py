"""Contracts from and to what other tools read."""
