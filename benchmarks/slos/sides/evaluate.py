"""Every objective of every product, as `mesh slo` evaluates them."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import history
from stopwatch import timed

from mesh_dagster.journal import journal as _loaded  # noqa: F401 (imports are not counted)
from mesh_dagster.products.keeping.service_levels import reports


def main(folder: str, url: str, number: str) -> None:
    mesh = history.mesh_on(Path(folder), url)
    products = history.products(int(number))
    with timed() as counted:
        for report in reports(mesh, products, at=history.NOW):
            for each in report.standings:
                counted[each.status.value] += 1


main(*sys.argv[1:])
