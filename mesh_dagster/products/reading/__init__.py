"""Published data in the hands of people and programs: frames, queries, sessions."""
