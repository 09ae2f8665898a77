"""`python -m mesh_dagster.cli` is `mesh`."""

from mesh_dagster.cli import main

main()
