"""What stands before publication: what was staged, held against the contract."""
