"""Contracts from and to JSON Schema."""
