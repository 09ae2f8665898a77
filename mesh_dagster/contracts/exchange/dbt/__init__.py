"""Contracts from and to the schema.yml of dbt models."""
