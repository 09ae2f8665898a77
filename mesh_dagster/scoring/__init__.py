"""The DATSIS score of a product: pure, of what is declared and what was observed."""
