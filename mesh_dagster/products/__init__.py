"""What one does with a product, gated and without Dagster.

The command line, Dagster and Python users all come through here; nothing else reads or
publishes what `ports` holds.
"""
