"""A contract and data, and no mesh: what `mesh contract test` calls."""
