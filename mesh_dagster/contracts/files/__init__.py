"""Data files as what an audit reads: found, matched with a contract's tables, and opened lazily."""
