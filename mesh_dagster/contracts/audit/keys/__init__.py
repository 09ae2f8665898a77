"""Rules on several rows at once: keys that repeat, and references to what is not there."""
