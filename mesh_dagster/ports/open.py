"""Open: the published state of a port, lazily, pruned to what is asked for.

The files are those that the publication's own Iceberg metadata lists, and Polars or DuckDB scan
exactly them. Files from before a column was added, or widened, read with nulls and casts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from mesh_dagster.descriptors.suggest import nearest
from mesh_dagster.errors import CorruptState, NeverPublished, UsageError
from mesh_dagster.model.address import Address
from mesh_dagster.model.partition import Partitioning
from mesh_dagster.model.snapshot import Publication
from mesh_dagster.model.types import ColumnType, Kind
from mesh_dagster.ports import places
from mesh_dagster.ports.masks import refuse_other_masks
from mesh_dagster.ports.sql import relation
from mesh_dagster.ports.state import Column, File, State, integer, read_state
from mesh_dagster.ports.storage import Storage
from mesh_dagster.ports.types import duckdb_type, polars_type, spark_columns, type_from_polars
from mesh_dagster.ports.windows import partition_value

if TYPE_CHECKING:
    import duckdb
    import pandas as pd
    import pyarrow as pa

_CASTS = pl.ScanCastOptions(
    integer_cast="upcast",
    float_cast="upcast",
    missing_struct_fields="insert",
    extra_struct_fields="ignore",
)
_MOMENTS = (Kind.DATE, Kind.TIMESTAMP, Kind.TIMESTAMPTZ)
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 (a clock without a zone, as Iceberg counts)

Ranges = Mapping[str, tuple[Any, Any]]
"""Column -> the least and greatest value of it that is of interest."""


@dataclass(frozen=True)
class PortData:
    """One state of a port. Nothing is read before a frame is collected.

    `files` are the locations of its Parquet files after pruning, `rows` counts the rows in them
    (before `where`), `schema` is the port's as the publication has it.
    """

    publication: Publication
    files: tuple[str, ...]
    rows: int
    schema: pl.Schema
    columns: tuple[str, ...] | None = None
    where: pl.Expr | None = None
    options: dict[str, str] | None = field(default=None, repr=False)

    def polars(
        self, columns: Sequence[str] | None = None, where: pl.Expr | None = None
    ) -> pl.LazyFrame:
        """A lazy Polars frame; `columns` and `where` narrow it further."""
        frame = self._scan()
        if self.where is not None:
            frame = frame.filter(self.where)
        if self.columns is not None:
            frame = frame.select(self._names)
        if where is not None:
            frame = frame.filter(where)
        return frame if columns is None else frame.select(self._known(columns, self._names))

    def arrow(self) -> pa.Table:
        """All rows as an Arrow table."""
        return self.polars().collect(engine="streaming").to_arrow()

    def pandas(self) -> pd.DataFrame:
        """All rows as a pandas frame."""
        return self.polars().collect(engine="streaming").to_pandas()

    def duckdb(self, connection: duckdb.DuckDBPyConnection | None = None) -> Any:
        """A DuckDB relation over the same rows; in a connection of its own by default.

        It is lazy over local files. What DuckDB cannot read itself (S3 without its extension, a
        condition in Polars' words) is read by Polars first.
        """
        import duckdb

        connection = connection or duckdb.connect()
        if self.options is not None or self.where is not None:
            return connection.from_arrow(self.arrow())
        return relation(connection, self.files, self.duckdb_columns)

    @property
    def duckdb_columns(self) -> list[tuple[str, str]]:
        """Its columns with their types, in DuckDB's words."""
        return [(name, self._words(name)) for name in self._names]

    @property
    def spark_schema(self) -> str:
        """Its columns with their types, in Spark's words: `spark.read.schema(...)`. What a file
        does not have is null by it, what it has narrower is cast."""
        kinds = ((name, type_from_polars(self.schema[name])) for name in self._names)
        text = ColumnType(Kind.STRING)
        return spark_columns(
            (name, kind if isinstance(kind, ColumnType) else text) for name, kind in kinds
        )

    @property
    def _names(self) -> list[str]:
        return list(self.schema) if self.columns is None else self._known(self.columns, self.schema)

    def _words(self, name: str) -> str:
        kind = type_from_polars(self.schema[name])
        return duckdb_type(kind) if isinstance(kind, ColumnType) else "VARCHAR"

    def _scan(self) -> pl.LazyFrame:
        if not self.files:
            return pl.LazyFrame(schema=self.schema)
        return pl.scan_parquet(
            list(self.files),
            schema=dict(self.schema),
            glob=False,
            hive_partitioning=False,
            missing_columns="insert",
            extra_columns="ignore",
            cast_options=_CASTS,
            storage_options=self.options,
        )

    @staticmethod
    def _known(columns: Sequence[str], there: Iterable[str]) -> list[str]:
        known = list(there)
        unknown = [name for name in columns if name not in known]
        if unknown:
            raise UsageError(
                f"there is no column {', '.join(unknown)}; there are: {', '.join(known)}",
                code="MESH-M071",
                fix=_columns_meant(columns, known),
            )
        if twice := [name for at, name in enumerate(columns) if name in columns[:at]]:
            raise UsageError(f"the column {twice[0]} is asked for twice", fix="name it once")
        return list(columns)


def _columns_meant(columns: Sequence[str], known: Sequence[str]) -> str | None:
    """The call with every unknown name replaced by the nearest; None where one has no near one."""
    meant = [each if each in known else nearest(each, known) for each in columns]
    return None if None in meant else f"columns={meant}"


def open_port(
    storage: Storage,
    product: Address,
    port: str | None,
    publication: Publication,
    *,
    partitions: Sequence[str] | None = None,
    without: Collection[str] = (),
    partitioning: Partitioning | None = None,
    event_time: str | None = None,
    event_from: datetime | None = None,
    event_to: datetime | None = None,
    overlapping: Sequence[Ranges] | None = None,
    columns: Sequence[str] | None = None,
    where: pl.Expr | None = None,
) -> PortData:
    """Open a port in one publication's state.

    `partitions` are the only ones read (`partitioning` lets their manifests be pruned), those
    in `without` are not, nor files that by their statistics hold no row within one of
    `overlapping`; `event_from` (included) and `event_to` (excluded) bound the column
    `event_time`. Raises `NeverPublished` for a port the publication does not have,
    `CorruptState` where its metadata or a data file is gone.
    """
    state = publication.ports.get(port or "")
    if state is None:
        raise NeverPublished(
            f"{product.with_port(port)} has no data in publication {publication.number}",
            fix=f"mesh run {product.path}",
        )
    refuse_other_masks(storage, product, port, publication)
    values = _values(partitions, partitioning)
    found = read_state(storage, places.port(product, port), state.metadata, values)
    types = pl.Schema({each.name: polars_type(each.type) for each in found.columns})
    condition = where
    kept = _planned(found, partitions, without)
    if event_from is not None or event_to is not None:
        if event_time is None or event_time not in types:
            raise UsageError(
                f"{product.with_port(port)} has no event time to select by",
                code="MESH-M072",
                fix="name it in the contract: customProperties eventTime on the schema object",
            )
        moment = found.column(event_time)
        kept = [file for file in kept if _overlaps(file, moment, event_from, event_to)]
        condition = _both(condition, _between(event_time, types[event_time], event_from, event_to))
    if overlapping is not None:
        known = {each.name: each for each in found.columns}
        kept = [file for file in kept if any(_meets(file, known, each) for each in overlapping)]
    keys = [file.key for file in kept]
    _check_present(storage, product.with_port(port), keys)
    return PortData(
        publication=publication,
        files=tuple(storage.path(key) for key in keys),
        rows=sum(file.rows for file in kept),
        schema=types,
        columns=None if columns is None else tuple(columns),
        where=condition,
        options=storage.polars_options(),
    )


def _values(
    partitions: Sequence[str] | None, partitioning: Partitioning | None
) -> set[int | None] | None:
    if partitions is None:
        return None
    return {partition_value(partitioning, key) for key in partitions}


def _planned(
    found: State, partitions: Sequence[str] | None, without: Collection[str]
) -> list[File]:
    wanted = None if partitions is None else frozenset(partitions)
    files = [
        file
        for file in found.files
        if (wanted is None or file.partition in wanted) and file.partition not in without
    ]
    return sorted(files, key=lambda file: file.partition or file.key)


def _check_present(storage: Storage, port: Address, keys: Sequence[str]) -> None:
    gone = storage.missing(keys)
    if gone:
        raise CorruptState(
            f"{len(gone)} of {len(keys)} data files of {port} are gone, the first is {gone[0]}",
            code="MESH-M026",
            where=storage.uri(gone[0]),
            fix=f"restore them from a backup, or make them again: mesh run {port.of_product.path}",
        )


def _overlaps(file: File, column: Column, start: datetime | None, end: datetime | None) -> bool:
    low, high = file.low.get(column.id), file.high.get(column.id)
    if low is None or high is None or column.type.kind not in _MOMENTS:
        return True
    before = end is not None and integer(low) >= _physical(column.type.kind, end)
    after = start is not None and integer(high) < _physical(column.type.kind, start)
    return not (before or after)


def _meets(file: File, known: Mapping[str, Column], ranges: Ranges) -> bool:
    """Whether a file may hold a row that is within the range of each column."""
    return all(_may_hold(file, known[name], *ranges[name]) for name in ranges if name in known)


def _may_hold(file: File, column: Column, least: Any, most: Any) -> bool:
    low, high = file.low.get(column.id), file.high.get(column.id)
    kind = column.type.kind
    if low is None or high is None:
        return True
    if kind is Kind.STRING and isinstance(least, str):
        return bool(least.encode() <= high and most.encode() >= low)
    if kind in (Kind.INT, Kind.LONG) and isinstance(least, int):
        return least <= integer(high) and most >= integer(low)
    if kind in _MOMENTS and isinstance(least, date):
        first, last = _counted(kind, least), _counted(kind, most)
        return first <= integer(high) and last >= integer(low)
    return True


def _counted(kind: Kind, value: date) -> int:
    """A date or moment of a column as Iceberg counts it."""
    if not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)  # noqa: DTZ001 (see _EPOCH)
    return _physical(kind, value.astimezone(UTC) if value.tzinfo else value)


def _physical(kind: Kind, moment: datetime) -> int:
    """Days or microseconds since 1970, by the clock of the moment itself."""
    since = moment.replace(tzinfo=None) - _EPOCH
    return since.days if kind is Kind.DATE else since // timedelta(microseconds=1)


def _between(
    column: str, dtype: pl.DataType, start: datetime | None, end: datetime | None
) -> pl.Expr:
    moment = pl.col(column)
    after = pl.lit(True) if start is None else moment >= pl.lit(_literal(dtype, start))
    before = pl.lit(True) if end is None else moment < pl.lit(_literal(dtype, end))
    return after & before


def _literal(dtype: pl.DataType, moment: datetime) -> date | datetime:
    if isinstance(dtype, pl.Datetime):
        return moment if dtype.time_zone else moment.replace(tzinfo=None)
    return moment.date()


def _both(one: pl.Expr | None, other: pl.Expr) -> pl.Expr:
    return other if one is None else one & other
