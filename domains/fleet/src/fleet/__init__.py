"""What flies, and under whose code: aircraft and carriers."""
