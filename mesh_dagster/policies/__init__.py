"""What governance asks of every product, as small classes."""
