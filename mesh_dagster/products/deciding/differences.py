"""What is different about quarantined data from the last that was good."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mesh_dagster.journal import Journal, Quarantined
from mesh_dagster.model.contract import RECORDED_AT
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.snapshot import Attempt, Outcome, Publication
from mesh_dagster.ports import coverage, pointer
from mesh_dagster.ports.stage import scan_staged
from mesh_dagster.products.auditing.masking import made_by_transform
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.products.reading.read import open_published

if TYPE_CHECKING:
    import polars as pl

_LONGEST = 40


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that was so before and is otherwise now; None: it was not there, or is not."""

    port: str
    column: str | None
    what: str
    before: str | None
    now: str | None


@dataclass(frozen=True, slots=True)
class Compared:
    """What was compared with what: `against` None where nothing good was there before."""

    against: str | None
    differences: tuple[Difference, ...] = ()


def compared(mesh: Mesh, loaded: LoadedProduct, waiting: Quarantined, journal: Journal) -> Compared:
    """A quarantined partition beside the last that was published.

    That is the same partition where an earlier attempt published it, otherwise the newest one
    before it; of a product without partitions all that is published. What is confidential is
    counted and never shown.
    """
    state = pointer.current(mesh.storage, loaded.product.address)
    if state is None:
        return Compared(None)
    key = waiting.decision.partition
    good = None if key is None else _last_good(mesh, loaded, key, state)
    if key is not None and good is None:
        return Compared(None)
    found = [
        difference
        for staged in made_by_transform(loaded, waiting.staged)
        if (staged.port or "") in state.ports
        for difference in _of_port(mesh, loaded, waiting, staged.port or "", state=state, good=good)
    ]
    found += _of_inputs(waiting.attempt, _attempt_of(journal, loaded, good))
    return Compared(good or f"publication {state.number}", tuple(found))


def _last_good(mesh: Mesh, loaded: LoadedProduct, key: str, state: Publication) -> str | None:
    partitioning = loaded.wiring.partitioning
    held = coverage.partitions(mesh.storage, loaded.product.address, state)
    if key in held or partitioning is None:
        return key
    start = partitioning.window(key)[0]
    before = [each for each in held if partitioning.window(each)[0] < start]
    return max(before, key=lambda each: partitioning.window(each)[0], default=None)


def _of_port(
    mesh: Mesh,
    loaded: LoadedProduct,
    waiting: Quarantined,
    port: str,
    *,
    state: Publication,
    good: str | None,
) -> Iterator[Difference]:
    address = loaded.product.address
    keys = None if good is None else (good,)
    before = open_published(
        mesh, address.with_port(port or None), publication=state, partitions=keys
    ).polars()
    staged = next(each for each in waiting.staged if (each.port or "") == port)
    now = scan_staged(mesh.storage, address, staged.of(waiting.decision.partition))
    schemas = before.collect_schema(), now.collect_schema()
    for name in (*schemas[0], *(each for each in schemas[1] if each not in schemas[0])):
        kinds = [str(schema[name]) if name in schema else None for schema in schemas]
        if kinds[0] != kinds[1]:
            yield Difference(port, name, "type", *kinds)
    moving = {RECORDED_AT, loaded.contracts[port].table.event_time}
    if loaded.wiring.partitioning:
        moving.add(loaded.wiring.partitioning.column)
    names = [each for each in schemas[0] if each in schemas[1]]
    profiles = [_profile(frame, names, moving) for frame in (before, now)]
    hidden = loaded.contracts[port].confidential_columns()
    for name, what in profiles[0]:
        was, is_now = profiles[0][name, what], profiles[1].get((name, what))
        if _tells(what, was, is_now) and not (name in hidden and what in _ENDS):
            yield Difference(port, name, what, _told(was), _told(is_now))


_ENDS = ("least", "greatest")


def _tells(what: str, was: Any, is_now: Any) -> bool:
    """Whether a change says anything: of the ends of a column's values, that they lie further."""
    if was is None or is_now is None or what not in _ENDS:
        return bool(was != is_now)
    return bool(is_now < was if what == "least" else is_now > was)


def _profile(
    frame: pl.LazyFrame, names: Sequence[str], moving: set[str | None]
) -> dict[tuple[str | None, str], Any]:
    """Rows, and of each column how many values are missing, how many there are, and its ends.

    Of a column that moves with the partition only what is missing; a measure has no set of values.
    """
    import polars as pl

    schema = frame.collect_schema()
    wanted: dict[tuple[str | None, str], pl.Expr] = {(None, "rows"): pl.len()}
    for name in names:
        column, kind = pl.col(name), schema[name]
        wanted[name, "missing"] = column.null_count()
        if name in moving or kind.is_nested():
            continue
        if not kind.is_float():
            wanted[name, "distinct"] = column.drop_nulls().n_unique()
        if kind.is_numeric() or kind.is_temporal():
            wanted[name, "least"], wanted[name, "greatest"] = column.min(), column.max()
    named = [each.alias(str(at)) for at, each in enumerate(wanted.values())]
    row = frame.select(named).collect(engine="streaming").row(0)
    return dict(zip(wanted, row, strict=True))


def _of_inputs(now: Attempt, before: Attempt | None) -> Iterator[Difference]:
    """Which publications of its inputs it was made of, where that differs."""
    if before is None:
        return
    was = {each.port: each.number for each in before.reads}
    for each in now.reads:
        if each.number is not None and was.get(each.port) != each.number:
            old = was.get(each.port)
            yield Difference(
                "", None, f"publication of {each.address}", _told(old), _told(each.number)
            )


def _attempt_of(journal: Journal, loaded: LoadedProduct, good: str | None) -> Attempt | None:
    """The newest attempt that published the partition that is compared with."""
    for attempt in journal.attempts(loaded.product.address.path):
        for each in attempt.decisions:
            if each.partition == good and each.outcome in (Outcome.PUBLISHED, Outcome.RELEASED):
                return attempt
    return None


def _told(value: Any) -> str | None:
    if value is None:
        return None
    return f"{value:g}" if isinstance(value, float) else str(value)[:_LONGEST]
