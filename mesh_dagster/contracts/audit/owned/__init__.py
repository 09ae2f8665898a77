"""Rules that the contract's owner wrote: queries, Python, and texts for people."""
