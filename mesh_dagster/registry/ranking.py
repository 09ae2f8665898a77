"""What beside its words says that a product is worth finding: that it is used, and keeps its
promises.

A weight multiplies how well the text matches, so that between two that match alike the one that
others read and that is well comes first, and no popularity finds what does not match.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Collection

from mesh_dagster.model.score import MOST as BEST

_SLO = {"met": 1.1, "at_risk": 0.95, "burning": 0.85, "breached": 0.7}
_STATUS = {"draft": 0.7, "proposed": 0.7, "deprecated": 0.1, "retired": 0.01}
"""The last two are so small that nothing else that speaks for a product makes up for them."""

_STAGE = {"stable": 1.1, "alpha": 0.9}
_MOST_READERS = 64
MIDDLE = BEST // 2


_OF_SCORE = 0.3
"""Between the best score and the worst; a product without one is in the middle of them."""


def weight(readers: int, slo: str, status: str, stage: str, score: int | None = None) -> float:
    """By how much the match of a product counts more, or less, than its text says.

    What a domain says of itself counts little: the best score is worth less than a breach costs.
    """
    used = 1 + 0.1 * math.log2(1 + min(readers, _MOST_READERS))
    good = 1 + _OF_SCORE * ((MIDDLE if score is None else score) - MIDDLE) / BEST
    return good * used * _SLO.get(slo, 1.0) * _STATUS.get(status, 1.0) * _STAGE.get(stage, 1.0)


def liking(times: int) -> float:
    """By how much a product counts more for somebody who has read it so often lately."""
    return 1 + 0.05 * math.log2(1 + min(max(times, 0), _MOST_READERS))


def weigh(connection: sqlite3.Connection, products: Collection[str] | None) -> None:
    """Count the readers of products anew (None: of all), and what follows from them.

    Who names no major reads whatever is the newest: all of them have it as a reader.
    """
    connection.create_function("weight", 5, weight, deterministic=True)
    if products is None:
        connection.execute(_COUNT)
        connection.execute(_WEIGH)
        return
    for path in sorted(products):
        given = {"path": path, "below": f"{path}/"}
        connection.execute(f"{_COUNT} where {_OF_ONE}", given)
        connection.execute(f"{_WEIGH} where {_OF_ONE}", given)


_COUNT = """
update products set readers = (
    select count(distinct product) from reads
    where target in (products.path, products.majors) and product <> products.id
)
"""
_WEIGH = """
insert or replace into weights (product, weight)
select id, weight(readers, slo, status, stage, score) from products
"""
_OF_ONE = "path = :path or (path >= :below and path < :below || '~')"
