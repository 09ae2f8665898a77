"""Queries of contracts: planned in their own dialect, run in a process of their own."""
