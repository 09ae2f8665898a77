"""One attempt at making a product: inputs, the domain's own code, what came of it."""
