"""Telling people: who hears of what, by which channel, and that it arrives."""
