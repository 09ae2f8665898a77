"""What became of many products over time, in one query: what service levels are measured by.

It is read as a stream, product after product, and moments are read without the types of
SQLAlchemy: a domain of a thousand hourly products has 720,000 publications a month.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby, repeat
from operator import add, itemgetter
from typing import Any, NamedTuple

import sqlalchemy as sa

from mesh_dagster import clock
from mesh_dagster.journal.database import Database
from mesh_dagster.journal.noticed import noticed_until
from mesh_dagster.journal.probes import probes_until
from mesh_dagster.journal.tables import WHOLE, Moment, decisions, publications, reads, results
from mesh_dagster.journal.telling import has_arrived
from mesh_dagster.model.finding import Severity, Verdict
from mesh_dagster.model.slo import ROWS, Answer, Changes, Noticed, Probes
from mesh_dagster.model.snapshot import Outcome, PublicationKind

_AT_ONCE = 5000
"""Rows that are fetched together, and products that one query asks about."""

_HELD = (Verdict.PASSED.value, Verdict.UNVERIFIED.value)

_EVER = datetime(1, 1, 1, tzinfo=UTC)

Rows = Callable[[int], list[tuple[Any, ...]]]
Moments = Callable[[Sequence[Any]], Sequence[Any]]


class Asked(NamedTuple):
    """What is wanted of a product: everything since a moment, older facts that are newer, and
    what has waited since before.

    `kinds` are those of the rules whose answers are wanted; `lineage`: whether its lineage has
    arrived where it was to go; `probes`: whether its ports answered; `incidents`: its incidents;
    `rows`: kinds of rules whose counts are added up in one answer of the kind `rows`.
    """

    since: datetime
    kinds: tuple[str, ...] = ()
    lineage: bool = False
    probes: bool = False
    incidents: bool = False
    rows: tuple[str, ...] = ()


class Past(NamedTuple):
    """A product until a moment, in the order of time; `born` is its first publication, `changed`
    the newest until then."""

    product: str
    born: datetime | None
    changed: datetime | None
    changes: Changes
    answers: Sequence[Answer]
    probes: Sequence[Probes] = ()
    incidents: Sequence[Noticed] = ()


def past(
    connection: sa.Connection, database: Database, asked: Mapping[str, Asked], until: datetime
) -> Iterator[Past]:
    """The past of each product until a moment, in the order in which they are asked for."""
    if not database.is_sqlite:
        connection.execute(sa.select(sa.func.set_config("TimeZone", "UTC", True)))
    names = list(asked)
    for start in range(0, len(names), _AT_ONCE):
        some = {name: asked[name] for name in names[start : start + _AT_ONCE]}
        yield from _some(connection, database, some, until)


def _some(
    connection: sa.Connection, database: Database, asked: Mapping[str, Asked], until: datetime
) -> Iterator[Past]:
    places = {name: place for place, name in enumerate(asked)}
    moments = _from_texts if database.is_sqlite else _as_they_are
    ends = _ends(connection, places, until, moments)
    changes = _grouped(_changes(connection, asked, places, until))
    told = {name: each for name, each in asked.items() if each.kinds}
    answers = _grouped(_answers(connection, told, places, until) if told else iter(()))
    added = {name: each for name, each in asked.items() if each.rows}
    counts = _grouped(_row_counts(connection, added, places, until) if added else iter(()))
    probed = [name for name, each in asked.items() if each.probes]
    read = probes_until(connection, probed, until) if probed else {}
    told_of = [name for name, each in asked.items() if each.incidents]
    incidents = noticed_until(connection, told_of, until) if told_of else {}
    for name, place in places.items():
        born, changed = ends.get(place, (None, None))
        yield Past(
            name,
            born,
            changed,
            _columns(changes(place), moments),
            [
                Answer(partition or None, outcome, at, port or "", kind, bool(held), *numbers)
                for (_, at, partition, outcome, port, kind, held, *numbers) in _moved(
                    [*answers(place), *counts(place)], moments
                )
            ],
            read.get(name, ()),
            incidents.get(name, ()),
        )


def _columns(rows: list[tuple[Any, ...]], moments: Moments) -> Changes:
    if not rows:
        return Changes()
    rows.sort(key=itemgetter(1))
    _, at, partition, outcome, fact, number, failed, attempt, known = zip(*rows, strict=True)
    if WHOLE in partition:
        partition = tuple(each or None for each in partition)
    return Changes(partition, outcome, moments(at), moments(fact), number, failed, attempt, known)


def _moved(rows: list[tuple[Any, ...]], moments: Moments) -> Iterator[tuple[Any, ...]]:
    """Answers in the order of time."""
    rows.sort(key=itemgetter(1))
    at = moments([row[1] for row in rows])
    return ((row[0], moment, *row[2:]) for row, moment in zip(rows, at, strict=True))


def _changes(
    connection: sa.Connection,
    asked: Mapping[str, Asked],
    places: Mapping[str, int],
    until: datetime,
) -> Iterator[tuple[Any, ...]]:
    products = _values(asked, places)
    known: sa.ColumnElement[Any] = sa.literal_column("1")
    if any(each.lineage for each in asked.values()):
        # A rollback reads nothing: what it is made of is the publication that it shows again.
        on_record = sa.or_(
            sa.exists().where(reads.c.attempt == decisions.c.attempt),
            publications.c.kind == PublicationKind.ROLLBACK.value,
        )
        known = has_arrived(on_record, until=until if until < clock.now() else None)
    at = _raw(sa.func.coalesce(publications.c.at, decisions.c.decided_at))
    query = (
        sa.select(
            products.c.place,
            at,
            decisions.c.partition,
            decisions.c.outcome,
            _raw(decisions.c.event_max),
            decisions.c.publication,
            decisions.c.failed,
            decisions.c.attempt,
            known,
        )
        .select_from(
            products.join(decisions, decisions.c.product == products.c.product).outerjoin(
                publications, _SAME_PUBLICATION
            )
        )
        .where(_wanted(products.c.since), at <= sa.bindparam("until", until, Moment))
        .order_by(products.c.place)
    )
    return _streamed(connection, query)


def _streamed(connection: sa.Connection, query: sa.Select[Any]) -> Iterator[tuple[Any, ...]]:
    """The rows as the driver has them, some at once, so that no result is whole in memory."""
    with connection.execute(query, execution_options={"yield_per": _AT_ONCE}) as found:
        # SQLAlchemy has read one row ahead; those after it need not become rows of its own.
        yield from map(tuple, found.fetchmany(1))
        while found.cursor is not None and (rows := found.cursor.fetchmany(_AT_ONCE)):
            yield from rows


def _wanted(since: sa.ColumnElement[datetime]) -> sa.ColumnElement[bool]:
    """What was decided since then, and what of older things was the case then: what was at the
    port, of partitions if their facts are newer, and what waited in quarantine."""
    newer = decisions.alias("newer")
    replaced = sa.exists().where(
        newer.c.product == decisions.c.product,
        newer.c.partition == decisions.c.partition,
        newer.c.publication > decisions.c.publication,
        newer.c.decided_at <= since,
    )
    counts = sa.or_(decisions.c.event_max > since, decisions.c.partition == WHOLE)
    early = sa.and_(decisions.c.publication.is_not(None), counts, ~replaced)
    later = decisions.alias("later")
    ended = sa.exists().where(
        later.c.attempt == decisions.c.attempt,
        later.c.partition == decisions.c.partition,
        later.c.revision > decisions.c.revision,
        later.c.decided_at <= since,
    )
    waited = sa.and_(decisions.c.outcome == Outcome.QUARANTINED.value, ~ended)
    return sa.or_(decisions.c.decided_at > since, early, waited)


def _answers(
    connection: sa.Connection,
    asked: Mapping[str, Asked],
    places: Mapping[str, int],
    until: datetime,
) -> Iterator[tuple[Any, ...]]:
    products = _values(asked, places)
    kinds = sorted({kind for each in asked.values() for kind in each.kinds})
    query = _of_results(
        products,
        until,
        results.c.kind,
        results.c.verdict.in_(_HELD),
        sa.func.coalesce(results.c.checked, 0),
        sa.func.coalesce(results.c.failed, 0),
    )
    return _streamed(connection, query.where(results.c.kind.in_(kinds)))


def _row_counts(
    connection: sa.Connection,
    asked: Mapping[str, Asked],
    places: Mapping[str, int],
    until: datetime,
) -> Iterator[tuple[Any, ...]]:
    """What all rules of severity error counted row by row in one audit of a port, added up."""
    products = _values(asked, places)
    kinds = sorted({kind for each in asked.values() for kind in each.rows})
    checked, failed = (
        sa.cast(sa.func.sum(each), sa.BigInteger) for each in (results.c.checked, results.c.failed)
    )
    query = (
        _of_results(products, until, sa.literal_column(f"'{ROWS}'"), failed == 0, checked, failed)
        .where(results.c.kind.in_(kinds), results.c.severity == Severity.ERROR.value)
        .where(results.c.checked.is_not(None), results.c.failed.is_not(None))
        .group_by(products.c.place, *_AUDIT, results.c.port, _AT)
    )
    return _streamed(connection, query)


_AT = sa.func.coalesce(publications.c.at, decisions.c.decided_at)
_AUDIT = (
    decisions.c.attempt,
    decisions.c.partition,
    decisions.c.revision,
    decisions.c.outcome,
)


def _of_results(
    products: sa.CTE, until: datetime, *told: sa.ColumnElement[Any]
) -> sa.Select[tuple[Any, ...]]:
    """What is told of the results of each audit since then."""
    same = sa.and_(
        results.c.attempt == decisions.c.attempt,
        results.c.partition == decisions.c.partition,
        results.c.revision == decisions.c.revision,
    )
    at = _raw(_AT)
    key = (products.c.place, at, decisions.c.partition, decisions.c.outcome, results.c.port)
    return (
        sa.select(*key, *told)
        .select_from(
            products.join(decisions, decisions.c.product == products.c.product)
            .join(results, same)
            .outerjoin(publications, _SAME_PUBLICATION)
        )
        .where(
            decisions.c.decided_at > products.c.since,
            at <= sa.bindparam("until", until, Moment),
        )
        .order_by(products.c.place)
    )


_SAME_PUBLICATION = (publications.c.product == decisions.c.product) & (
    publications.c.number == decisions.c.publication
)


def _ends(
    connection: sa.Connection, places: Mapping[str, int], until: datetime, moments: Moments
) -> dict[int, tuple[datetime, datetime | None]]:
    """When each product was published first, as far as it was at all, and last until a moment."""
    products = _values({name: Asked(_EVER) for name in places}, places)
    at, number = publications.c.at, publications.c.number
    of_product = sa.select(_raw(at)).where(publications.c.product == products.c.product).limit(1)
    first = of_product.order_by(number)
    last = of_product.where(at <= sa.bindparam("until", until, Moment)).order_by(number.desc())
    query = sa.select(products.c.place, first.scalar_subquery(), last.scalar_subquery())
    found = [row for row in _streamed(connection, query) if row[1] is not None]
    ends = (moments([row[column] for row in found]) for column in (1, 2))
    return dict(zip((row[0] for row in found), zip(*ends, strict=True), strict=True))


def _values(asked: Mapping[str, Asked], places: Mapping[str, int]) -> sa.CTE:
    columns = (
        sa.column("place", sa.Integer),
        sa.column("product", sa.Text),
        sa.column("since", Moment),
    )
    rows = [(places[name], name, each.since) for name, each in asked.items()]
    return sa.values(*columns).data(rows).cte("asked")


def _grouped(rows: Iterable[tuple[Any, ...]]) -> Rows:
    """A function that gives the rows of one place after the other, as they are streamed."""
    groups = groupby(rows, itemgetter(0))
    held: list[tuple[int, list[tuple[Any, ...]]]] = []

    def take(place: int) -> list[tuple[Any, ...]]:
        if not held:
            found = next(groups, None)
            if found is None:
                return []
            held.append((found[0], list(found[1])))
        return held.pop()[1] if held[0][0] == place else []

    return take


def _raw(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """A moment as the driver has it: text in SQLite, else aware, in the session's zone."""
    return sa.type_coerce(column, sa.types.NullType())


def _from_texts(values: Sequence[str | None]) -> Sequence[datetime | None]:
    if None in values:
        return [each and datetime.fromisoformat(f"{each}+00:00") for each in values]  # type: ignore[misc]
    return list(map(datetime.fromisoformat, map(add, values, repeat("+00:00"))))


def _as_they_are(values: Sequence[Any]) -> Sequence[Any]:
    return values
