"""A contract from data: what it can promise, and the evidence for it."""
