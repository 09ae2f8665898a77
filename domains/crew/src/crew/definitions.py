from mesh_dagster import domain_definitions

defs = domain_definitions(__file__)
