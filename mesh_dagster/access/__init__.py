"""Who may read what: pure decisions, from values alone."""
