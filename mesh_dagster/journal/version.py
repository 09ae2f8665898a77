"""The version of the journal's schema that this release writes and reads."""

HEAD = "0013"
