"""What a domain tells the mesh of its products, and of what happens to them."""
