"""A domain's dbt project as the work of its products. Nothing here imports dbt or Dagster."""
