"""What a contract promises, as rules, and what an audit of data says of them."""
