"""Who was on board: a roster of people who do not exist."""
