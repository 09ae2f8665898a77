"""Where data comes from: which columns a product's columns are made of."""
