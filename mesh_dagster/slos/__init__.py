"""Service level objectives: indicators, error budgets and burn rates, by interval arithmetic.

Nothing here is stored and nothing is sampled: what an objective comes to is a function of the
product's publications and of the moment that is asked about.
"""
