"""What the columns of products are made of: a row for each time that it changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from mesh_dagster.journal.tables import WHOLE, json_type, metadata, publications
from mesh_dagster.model.address import Address
from mesh_dagster.model.lineage import ColumnLineage, Evidence, InputColumn, Use
from mesh_dagster.model.snapshot import Publication, PublicationKind

column_lineage = sa.Table(
    "column_lineage",
    metadata,
    sa.Column("product", sa.Text, primary_key=True),
    sa.Column("port", sa.Text, primary_key=True),
    sa.Column("attempt", sa.Text, primary_key=True),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("evidence", sa.Text),
    sa.Column("columns", json_type(), nullable=False),
    sa.Column("row_columns", json_type()),
)
"""`attempt` is the first that was made so; `digest` is of all that the lineage was found from."""


def put_columns(
    connection: sa.Connection,
    product: str,
    attempt: str,
    digest: str,
    found: Mapping[str, ColumnLineage],
) -> None:
    """Record what an attempt's ports are made of where it is not what was known before."""
    for port, lineage in found.items():
        known = _newest(connection, product, port)
        row = {
            "digest": digest,
            "evidence": lineage.evidence and lineage.evidence.value,
            "columns": {name: _listed(made) for name, made in lineage.columns.items()},
            "row_columns": _listed(lineage.rows),
        }
        if known is not None and known.digest == digest:
            continue
        # The order of columns is part of it: JSON of PostgreSQL keeps it, as SQLite's text does.
        if known is not None and _lineage(known) == lineage:
            same = (column_lineage.c.product == product) & (column_lineage.c.port == known.port)
            update = sa.update(column_lineage).where(
                same, column_lineage.c.attempt == known.attempt
            )
            connection.execute(update.values(digest=digest))
            continue
        key = {"product": product, "port": port or WHOLE, "attempt": attempt}
        connection.execute(sa.insert(column_lineage), [key | row])


def columns_of_digest(
    connection: sa.Connection, product: str, ports: Iterable[str], digest: str
) -> dict[str, ColumnLineage] | None:
    """What was found last, if it was found from the same; None if of any port it was not."""
    found = {}
    for port in ports:
        row = _newest(connection, product, port)
        if row is None or row.digest != digest:
            return None
        found[port] = _lineage(row)
    return found


def columns_shown(
    connection: sa.Connection, product: str, publication: Publication | None = None
) -> dict[str, ColumnLineage]:
    """What the columns of a publication are made of, by port: of one that may not be recorded
    yet, or (None) of the newest."""
    attempt: str | None
    if publication is None:
        of_product = sa.select(attempt_shown()).where(publications.c.product == product)
        newest = of_product.order_by(publications.c.number.desc()).limit(1)
        attempt = connection.scalar(newest)
    elif publication.kind is PublicationKind.ROLLBACK:
        first = publication.ports[""].metadata
        shown = _attempt_that_made(product, publication.number, first)
        attempt = connection.scalar(shown)
    else:
        attempt = publication.attempt
    if attempt is None:
        return {}
    made = sa.select(column_lineage).where(
        column_lineage.c.product == product, column_lineage.c.attempt <= attempt
    )
    rows = connection.execute(made.order_by(column_lineage.c.attempt)).all()
    return {row.port: _lineage(row) for row in rows}


def attempt_shown() -> sa.ColumnElement[str]:
    """The attempt that made what a publication shows: a rollback shows what another one made."""
    shown = publications.c
    made = _attempt_that_made(shown.product, shown.number, _first_metadata(shown))
    rolled_back = shown.kind == PublicationKind.ROLLBACK.value
    earlier = made.correlate(publications).scalar_subquery()
    return sa.case((rolled_back, earlier), else_=shown.attempt)


def _attempt_that_made(
    product: str | sa.ColumnElement[str],
    number: int | sa.ColumnElement[int],
    first: str | sa.ColumnElement[str],
) -> sa.Select[str]:
    """Of the newest earlier publication of the same state of the first port."""
    earlier = publications.alias("earlier").c
    return (
        sa.select(earlier.attempt)
        .where(
            earlier.product == product,
            earlier.number < number,
            earlier.kind != PublicationKind.ROLLBACK.value,
            _first_metadata(earlier) == first,
        )
        .order_by(earlier.number.desc())
        .limit(1)
    )


def _first_metadata(of: Any) -> sa.ColumnElement[str]:
    metadata_file: sa.ColumnElement[str] = of.ports[""][0].as_string()
    return metadata_file


def _newest(connection: sa.Connection, product: str, port: str) -> sa.Row[Any] | None:
    of_port = sa.select(column_lineage).where(
        column_lineage.c.product == product, column_lineage.c.port == (port or WHOLE)
    )
    return connection.execute(of_port.order_by(column_lineage.c.attempt.desc()).limit(1)).first()


def _listed(made: Iterable[InputColumn] | None) -> list[list[str]] | None:
    if made is None:
        return None
    return [
        [str(each.address) if each.address else "", each.source, each.column, each.use.value]
        for each in made
    ]


def _lineage(row: sa.Row[Any]) -> ColumnLineage:
    return ColumnLineage(
        {name: _columns(made) for name, made in row.columns.items()},
        _columns(row.row_columns),
        Evidence(row.evidence) if row.evidence else None,
    )


def _columns(listed: list[list[str]] | None) -> tuple[InputColumn, ...] | None:
    if listed is None:
        return None
    return tuple(
        InputColumn(Address.parse(address) if address else None, column, Use(use), source)
        for address, source, column, use in listed
    )
