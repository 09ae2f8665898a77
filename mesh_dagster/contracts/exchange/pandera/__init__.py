"""Contracts as pandera schemas and back, to extend in Python and to use in a team's own tests."""
