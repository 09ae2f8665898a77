"""What owners decide of what the gate stopped, and what a crash left undecided."""
