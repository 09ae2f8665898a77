"""What a contract asks of data, as a flat list of rules."""
