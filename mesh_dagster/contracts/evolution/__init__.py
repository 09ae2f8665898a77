"""What changed between two versions of a contract, who is hurt, and which version that takes."""
