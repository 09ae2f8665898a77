"""What travellers should know before they leave home."""
