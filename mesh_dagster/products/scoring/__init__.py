"""What products score: their files, their journal and documents put together."""
