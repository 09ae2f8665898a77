"""Queries of anybody over products: read before they run, and run in a process of their own."""
