"""Output ports: stage, publish, open. Storage only, ungated: `products` decides who may."""
