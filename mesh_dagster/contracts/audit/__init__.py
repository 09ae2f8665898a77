"""Rules held against data, on any engine."""
