"""How products keep what they promised: contracts, the journal and the clock put together.

Nothing is stored. Whoever asks reads the journal, all products of a domain in one query, and the
answer for a moment is the same whenever it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from mesh_dagster import clock
from mesh_dagster.errors import UsageError
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.life import life_of
from mesh_dagster.model.partition import FIRST_YEAR, LAST_YEAR
from mesh_dagster.model.product import Stage
from mesh_dagster.model.slo import Indicator, Objective, Standing
from mesh_dagster.model.types import Kind
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.slos.evaluate import standing
from mesh_dagster.slos.history import History
from mesh_dagster.slos.objectives import objectives_of

if TYPE_CHECKING:
    from mesh_dagster.contracts.rules.kinds import ExpectedRows
    from mesh_dagster.journal.past import Asked, Past

_DAY = timedelta(days=1)
_AHEAD = timedelta(seconds=1)
"""By how much publications may lie ahead of a replay, whose clock stands still: they are never
at the same moment."""
_OF_INCIDENTS = (Indicator.TIME_TO_DETECT, Indicator.TIME_TO_NOTIFY)
ROW_KINDS = (
    "required",
    "missing",
    "type",
    "allowed",
    "range",
    "length",
    "pattern",
    "format",
    "multiple",
    "size",
    "distinct",
    "unique",
    "reference",
)
"""The kinds of rules that are held against each row, or each element of a list in it."""

_KINDS = {Indicator.COMPLETENESS: "expected_rows", Indicator.SHAPE: "shape"}


@dataclass(frozen=True, slots=True)
class Report:
    """One product: how its objectives stand, and the history that says so."""

    loaded: LoadedProduct
    history: History
    standings: tuple[Standing, ...]


def objectives(loaded: LoadedProduct, window: timedelta | None = None) -> tuple[Objective, ...]:
    """What the contracts of a product's ports promise, over one window where it is given.

    What is retired promises nothing any more.
    """
    if life_of(loaded.product) is Stage.RETIRED:
        return ()
    found = (
        each
        for port, contract in loaded.contracts.items()
        for each in objectives_of(contract, port, loaded.wiring.partitioning)
    )
    return tuple(each if window is None else replace(each, window=window) for each in found)


def reports(
    mesh: Mesh,
    products: Iterable[LoadedProduct],
    *,
    at: datetime | None = None,
    window: timedelta | None = None,
) -> Iterator[Report]:
    """How each product that promises something stands at a moment (None: now).

    One query a domain, and one product after the other. Raises `JournalError`, and `UsageError`
    for a moment in a year that is none of the mesh's.
    """
    refuse_far(at)
    by_domain: dict[str, list[tuple[LoadedProduct, tuple[Objective, ...]]]] = {}
    for loaded in products:
        if stated := objectives(loaded, window):
            by_domain.setdefault(loaded.domain.name, []).append((loaded, stated))
    for domain, stated_of in by_domain.items():
        yield from _of_domain(mesh, domain, stated_of, at)


def refuse_far(at: datetime | None) -> None:
    """Raise `UsageError` for a moment (None: now) in a year that is none of the mesh's."""
    moment = at or clock.now()
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise UsageError(
            f"service levels are of the years {FIRST_YEAR} to {LAST_YEAR}, and "
            f"{moment:%Y-%m-%d} is not",
            fix="another --at, or another MESH_NOW",
        )


def _of_domain(
    mesh: Mesh,
    domain: str,
    products: Sequence[tuple[LoadedProduct, tuple[Objective, ...]]],
    at: datetime | None,
) -> Iterator[Report]:
    now = at or clock.now()
    latest = now + _AHEAD if at is None and clock.replaying() else now
    asked = {
        loaded.product.address.path: _asked(loaded, stated, now) for loaded, stated in products
    }
    with mesh.journal(domain) as journal:
        pasts = journal.past(asked, latest)
        for (loaded, stated), past in zip(products, pasts, strict=True):
            history = _history(loaded, stated, past, now)
            yield Report(loaded, history, tuple(standing(each, history) for each in stated))


def _asked(loaded: LoadedProduct, stated: Sequence[Objective], now: datetime) -> Asked:
    from mesh_dagster.journal.past import Asked

    back = max(each.window + (each.limit or timedelta()) + each.cadence for each in stated)
    kinds = {_KINDS[each.indicator] for each in stated if each.indicator in _KINDS}
    lineage = any(each.indicator is Indicator.LINEAGE for each in stated)
    probes = any(each.indicator is Indicator.AVAILABILITY for each in stated)
    incidents = any(each.indicator in _OF_INCIDENTS for each in stated)
    rows = any(each.indicator is Indicator.ROW_ACCURACY for each in stated)
    added = ROW_KINDS if rows else ()
    return Asked(now - back, tuple(sorted(kinds)), lineage, probes, incidents, added)


def _history(
    loaded: LoadedProduct,
    stated: Sequence[Objective],
    past: Past,
    now: datetime,
) -> History:
    ports = {each.port for each in stated if each.indicator is Indicator.COMPLETENESS}
    rules = {port: rule for port in ports if (rule := _expects(loaded, port)) is not None}
    return History(
        product=past.product,
        until=max(now, past.changes.at[-1]) if past.changes.at else now,
        born=past.born,
        changes=past.changes,
        answers=past.answers,
        probes=past.probes,
        incidents=past.incidents,
        partitioning=loaded.wiring.partitioning,
        first=clock.since(),
        changed=past.changed,
        expected=partial(_expected, loaded, rules),
    )


def _expects(loaded: LoadedProduct, port: str) -> ExpectedRows | None:
    """The rule of a port's contract that says how many rows a partition should have."""
    from mesh_dagster.contracts.rules.kinds import ExpectedRows
    from mesh_dagster.products.auditing.promises import rules_of

    found = (each for each in rules_of(loaded, port) if isinstance(each, ExpectedRows))
    return next(found, None)


def _expected(
    loaded: LoadedProduct, rules: Mapping[str, ExpectedRows], port: str, key: str
) -> int | None:
    """How many rows a partition should have by a rule that names its groups."""
    rule, partitioning = rules.get(port), loaded.wiring.partitioning
    if rule is None or partitioning is None or (rule.per and rule.groups is None):
        return None
    start, end = partitioning.window(key)
    column = loaded.contracts[port].table.find(partitioning.column)
    if column is not None and column.type is not None and column.type.kind is Kind.DATE:
        days = range(start.toordinal(), end.toordinal())
        slots = sum(_slots(date.fromordinal(day), rule) for day in days)
    else:
        slots = -((start - end) // rule.every)
    return slots * len(rule.groups or ((),))


def _slots(day: date, rule: ExpectedRows) -> int:
    """How many rows a day of a place has: of hours 23, 24 or 25."""
    zone = ZoneInfo(rule.timezone)
    begin, end = (
        datetime.combine(each, time(), zone).astimezone(UTC) for each in (day, day + _DAY)
    )
    return 1 if rule.every >= _DAY else -((begin - end) // rule.every)
