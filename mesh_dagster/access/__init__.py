"""Who may read what, for what purpose, until when."""
