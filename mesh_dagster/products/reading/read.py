"""Reading an output port: published data only, as it is now or was as of then."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from mesh_dagster import clock
from mesh_dagster.errors import NeverPublished, UsageError
from mesh_dagster.model.address import Address
from mesh_dagster.model.snapshot import Publication
from mesh_dagster.ports import pointer
from mesh_dagster.ports.open import PortData, open_port
from mesh_dagster.products.granting.admission import Seen, admit
from mesh_dagster.products.granting.objecting import Wanted
from mesh_dagster.products.granting.stating import of_each
from mesh_dagster.products.granting.who import person
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.products.reading.in_transform import refuse_in_transform
from mesh_dagster.products.reading.retired import refuse_retired
from mesh_dagster.products.reading.uses import Use, record_uses

if TYPE_CHECKING:
    import polars as pl

AsOf = datetime | int | str | None
"""A moment (in UTC where it names no time zone), a publication's number, or its id; None is now."""


def read(
    address: Address | str,
    *,
    columns: Sequence[str] | None = None,
    where: pl.Expr | str | None = None,
    as_of: AsOf = None,
    event_from: datetime | None = None,
    event_to: datetime | None = None,
    purpose: str | None = None,
    mesh: Mesh | None = None,
) -> PortData:
    """Open an output port, lazily: `.polars()`, `.arrow()`, `.pandas()` or `.duckdb()`.

    Every port is bitemporal: `as_of` chooses what had been published by a moment,
    `event_from` (included) and `event_to` (excluded) what had happened between two. `where` is a
    Polars expression or one in SQL. `purpose` says what it is read for, by default as
    `MESH_PURPOSE` does: where it is read by grant, it has to be that of one.

    Raises `AccessDenied`, `NeverPublished`, `UnknownAddress`, and `UsageError` for an event range
    on a port that names no event-time column; in a transform, which reads its input ports alone,
    `UndeclaredInput`.
    """
    refuse_in_transform(str(address))
    mesh = mesh or Mesh.open()
    wanted = Address.parse(address) if isinstance(address, str) else address
    resolved = mesh.resolve(wanted)
    condition = _expression(where)
    ranged = event_from is not None or event_to is not None
    event_time = _event_time(mesh, resolved) if ranged else None
    seen = _seen(columns, condition, event_time)
    what = Wanted(columns={resolved: seen}, stated=of_each([resolved], purpose))
    admitted = admit(mesh, person(mesh), [resolved], "read", what)
    opened = open_port(
        mesh.storage,
        resolved.of_product,
        resolved.port,
        publication_at(mesh, resolved, as_of),
        columns=columns,
        where=condition,
        event_time=event_time,
        event_from=event_from and clock.in_utc(event_from),
        event_to=event_to and clock.in_utc(event_to),
    )
    opened = admitted.narrowed(resolved, opened)
    _check_condition(opened)
    admitted.note([Seen(resolved, opened.publication.number, seen)])
    record_uses(mesh, [Use(resolved, opened.publication.number, "read", seen)])
    return opened


def open_published(
    mesh: Mesh,
    address: Address,
    *,
    publication: Publication | None = None,
    partitions: Sequence[str] | None = None,
) -> PortData:
    """Open a resolved address, in the newest publication or the one that is given.

    Nobody is asked whether he may: that is for those who call it to know.
    Raises `NeverPublished` when there is nothing to read.
    """
    return open_port(
        mesh.storage,
        address.of_product,
        address.port,
        publication or publication_at(mesh, address),
        partitions=partitions,
        partitioning=None if partitions is None else mesh.partitioning(address),
    )


def publication_at(mesh: Mesh, address: Address, as_of: AsOf = None) -> Publication:
    """The publication that a reader sees.

    Raises `NeverPublished`, also for a retired product unless `as_of` asks for what it was.
    """
    product = address.of_product
    match as_of:
        case None:
            refuse_retired(mesh, product)
            found = pointer.current(mesh.storage, product)
        case datetime():
            found = pointer.as_of(mesh.storage, product, clock.in_utc(as_of))
        case _:
            found = pointer.publication(mesh.storage, product, as_of)
    if found is None:
        when, lead = ("", "run") if as_of is None else (f" as of {as_of}", "snapshots")
        raise NeverPublished(
            f"{address.path} has no publication{when}", fix=f"mesh {lead} {product.path}"
        )
    return found


def _check_condition(opened: PortData) -> None:
    """Refuse a condition on what the port does not have before anything is read."""
    if opened.where is None:
        return
    import polars as pl

    try:
        pl.LazyFrame(schema=opened.schema).filter(opened.where).collect_schema()
    except pl.exceptions.PolarsError as error:
        said = str(error).strip().partition("\n")[0]
        raise UsageError(
            f"`where` does not fit the port: {said}",
            fix=f"ask for columns that it has: {', '.join(opened.schema)}",
        ) from error


def _event_time(mesh: Mesh, address: Address) -> str | None:
    contracts = mesh.described(address).contracts
    return contracts[address.port or ""].table.event_time


def _seen(
    columns: Sequence[str] | None, condition: pl.Expr | None, event_time: str | None
) -> tuple[str, ...] | None:
    """The columns that are returned, and those by which rows are chosen; None: any."""
    if columns is None or (condition is not None and condition.meta.has_multiple_outputs()):
        return None
    choosing = [] if condition is None else condition.meta.root_names()
    return tuple(dict.fromkeys([*columns, *choosing, *([event_time] if event_time else ())]))


def _expression(where: pl.Expr | str | None) -> pl.Expr | None:
    if not isinstance(where, str):
        return where
    import polars as pl

    try:
        return pl.sql_expr(where)
    except pl.exceptions.PolarsError as error:
        raise UsageError(f"where={where!r} is no SQL expression: {error}") from error
