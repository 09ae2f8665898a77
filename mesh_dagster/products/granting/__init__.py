"""Who may read what is published: asked before each reading, and kept on the record."""
