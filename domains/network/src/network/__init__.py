"""Where aircraft can go: the airports of the network."""
