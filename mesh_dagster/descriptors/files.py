"""What the files are called that describe a mesh, a domain and a product."""

MESH = "mesh.yaml"
DOMAIN = "domain.yaml"
DESCRIPTOR = "product.odps.yaml"
WIRING = "defs.yaml"
WAIVERS = "waivers.yaml"
CONTRACTS = ".odcs.yaml"
"""How the names of a product's contracts end."""
