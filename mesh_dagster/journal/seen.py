"""What the ledger saw of many products, as their score asks: each question once for all of them.

How many statements that takes is the same for one product and for a thousand.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple, cast

import sqlalchemy as sa

from mesh_dagster.journal.columns import attempt_shown, column_lineage
from mesh_dagster.journal.database import Database
from mesh_dagster.journal.summary import SQL, Summary, summaries_from_rows
from mesh_dagster.journal.tables import UNSETTLED, decisions, publications, reads, results
from mesh_dagster.journal.telling import has_arrived
from mesh_dagster.model.finding import Severity, Verdict
from mesh_dagster.model.snapshot import PublicationKind

_FEW = 500
"""Products that a query names; of more it asks about all that there are."""

_HELD = (Verdict.PASSED.value, Verdict.UNVERIFIED.value)
_BAD = (Verdict.FAILED.value, Verdict.ERROR.value)


class Broken(NamedTuple):
    """A rule that the newest audits say does not hold; `where` is its `file:line`."""

    rule: str
    kind: str
    port: str
    blocks: bool
    where: str | None


class Seen(NamedTuple):
    """What the ledger saw of one product.

    `number` and `at` are of its newest publication, `ports` those that it has, and `arrived`
    whether its lineage has. `known` are by port the columns of which it is known what they are
    made of.
    """

    number: int | None = None
    at: datetime | None = None
    ports: frozenset[str] = frozenset()
    arrived: bool = False
    summary: Summary | None = None
    broken: tuple[Broken, ...] = ()
    known: Mapping[str, frozenset[str]] = {}


def seen(
    connection: sa.Connection, database: Database, products: Collection[str]
) -> dict[str, Seen]:
    """What was seen of each of these products."""
    summaries = {each.product: each for each in _summaries(connection, database, products)}
    newest = {row.product: row for row in connection.execute(_newest(products))}
    broken = _broken(connection, products)
    known = _known(connection, products)
    found = {}
    for name in products:
        row = newest.get(name)
        rest = (summaries.get(name), broken.get(name, ()), known.get(name, {}))
        if row is None:
            found[name] = Seen(None, None, frozenset(), False, *rest)
        else:
            ports = frozenset(row.ports)
            found[name] = Seen(row.number, row.at, ports, bool(row.arrived), *rest)
    return found


def _summaries(
    connection: sa.Connection, database: Database, products: Collection[str]
) -> list[Summary]:
    sql, given = SQL.format(decisions=database.quoted("decisions")), {}
    query = sa.text(sql)
    if len(products) <= _FEW:
        # One product of a large domain is asked about at each of its publications.
        of_some = sql.replace("WHERE standing", "WHERE standing AND product IN :products")
        query = sa.text(of_some).bindparams(sa.bindparam("products", expanding=True))
        given = {"products": sorted(products)}
    return summaries_from_rows(connection.execute(query, given).all(), products)


def _of(column: sa.ColumnElement[str], products: Collection[str]) -> sa.ColumnElement[bool]:
    return column.in_(sorted(products)) if len(products) <= _FEW else sa.true()


def _newest(products: Collection[str]) -> sa.Select[Any]:
    numbers = _newest_numbers(products)
    on_record = sa.or_(
        sa.exists().where(reads.c.attempt == publications.c.attempt),
        publications.c.kind == PublicationKind.ROLLBACK.value,
    )
    arrived = has_arrived(on_record, publications.c.product, publications.c.number)
    return sa.select(
        publications.c.product,
        publications.c.number,
        publications.c.at,
        publications.c.ports,
        arrived.label("arrived"),
    ).join(numbers, _is(numbers))


def _newest_numbers(products: Collection[str]) -> sa.Subquery:
    of_product = sa.select(
        publications.c.product, sa.func.max(publications.c.number).label("number")
    ).where(_of(publications.c.product, products))
    return of_product.group_by(publications.c.product).subquery("newest")


def _is(numbers: sa.Subquery) -> sa.ColumnElement[bool]:
    return sa.and_(
        publications.c.product == numbers.c.product, publications.c.number == numbers.c.number
    )


def _broken(connection: sa.Connection, products: Collection[str]) -> dict[str, tuple[Broken, ...]]:
    """The rules that do not hold, each once however many partitions break it, the worst first.

    Where an owner let an audit pass, nothing of it blocks.
    """
    blocks = sa.case(
        (
            sa.and_(
                decisions.c.failed > 0,
                results.c.severity == Severity.ERROR.value,
                results.c.verdict.in_(_BAD),
            ),
            1,
        ),
        else_=0,
    )
    same = sa.and_(
        results.c.attempt == decisions.c.attempt,
        results.c.partition == decisions.c.partition,
        results.c.revision == decisions.c.revision,
    )
    port = sa.func.coalesce(results.c.port, "")
    rule = (decisions.c.product, results.c.rule, results.c.kind, port)
    worst = sa.func.max(blocks)
    query = (
        sa.select(*rule, worst, sa.func.max(results.c.place))
        .select_from(decisions.join(results, same))
        .where(UNSETTLED, decisions.c.latest, results.c.verdict.not_in(_HELD))
        .where(_of(decisions.c.product, products))
        .group_by(*rule)
        .order_by(worst.desc(), results.c.rule)
    )
    found: defaultdict[str, tuple[Broken, ...]] = defaultdict(tuple)
    rows = cast("Iterable[tuple[str, str, str, str, int, str | None]]", connection.execute(query))
    for product, name, kind, of_port, blocking, place in rows:
        found[product] += (Broken(name, kind, of_port, bool(blocking), place),)
    return found


def _known(
    connection: sa.Connection, products: Collection[str]
) -> dict[str, dict[str, frozenset[str]]]:
    """By product and port the columns of the newest publication whose origin is known."""
    numbers = _newest_numbers(products)
    shown = (
        sa.select(publications.c.product, attempt_shown().label("attempt"))
        .join(numbers, _is(numbers))
        .subquery("shown")
    )
    query = (
        sa.select(column_lineage.c.product, column_lineage.c.port, column_lineage.c.columns)
        .join(shown, shown.c.product == column_lineage.c.product)
        .where(column_lineage.c.attempt <= shown.c.attempt)
        .order_by(column_lineage.c.attempt)
    )
    found: defaultdict[str, dict[str, frozenset[str]]] = defaultdict(dict)
    rows = cast("Iterable[tuple[str, str, dict[str, Any]]]", connection.execute(query))
    for product, port, columns in rows:
        made = frozenset(name for name, each in columns.items() if each is not None)
        found[product][port] = made
    return found
