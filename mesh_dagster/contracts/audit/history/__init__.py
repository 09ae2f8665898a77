"""Rules on time and on earlier publications."""
