"""What things are: frozen values, without I/O and without third-party code."""
