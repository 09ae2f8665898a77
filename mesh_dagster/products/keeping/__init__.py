"""Promises after publication: service levels, incidents, messages, lineage to deliver."""
