"""Which columns a product's columns are made of: from SQL, from dbt, from Polars' plans.

Every reader of these turns the text or the plan into a `Relation`, whose columns name the input
columns that they are made of. What a reader is not certain of is unknown (None), never a guess.
"""
