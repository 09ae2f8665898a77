"""How close a product is to what the mesh asks of one: the DATSIS score."""
