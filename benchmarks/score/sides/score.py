"""Every product of a domain, as `mesh score` scores it."""

from __future__ import annotations

import sys
from pathlib import Path

SLOS = Path(__file__).resolve().parents[2] / "slos"
sys.path[:0] = [str(SLOS), str(SLOS / "sides")]

import history
import sqlalchemy as sa
from stopwatch import timed

from mesh_dagster.clock import frozen
from mesh_dagster.journal import journal as _loaded  # noqa: F401 (imports are not counted)
from mesh_dagster.products.scoring.score import scores_of_domain
from mesh_dagster.scoring.score import rule_set


def main(folder: str, url: str, number: str) -> None:
    mesh = history.mesh_on(Path(folder), url)
    products = history.products(int(number))
    rule_set()
    statements: list[str] = []
    sa.event.listen(
        sa.Engine, "before_cursor_execute", lambda *given: statements.append(str(given[2]))
    )
    with frozen(history.NOW), timed() as counted:
        for each in scores_of_domain(mesh, products[0].domain, products):
            counted[f"scored {each.score.overall // 10 * 10}"] += 1
        selects = [each for each in statements if each.lstrip().upper().startswith("SELECT")]
        counted["selects"] = len(selects)


main(*sys.argv[1:])
