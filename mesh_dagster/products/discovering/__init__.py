"""What the mesh knows of a product, found and put on one page."""
