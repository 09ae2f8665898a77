"""The weather at the three airports of New York."""
