"""What waits for the decision of an owner, who may decide it, and what his decisions mean.

Values in, values out: the journal keeps what was decided, `products` carries it out.
"""
