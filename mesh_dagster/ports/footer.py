"""A staged Parquet file as Iceberg's manifests describe it: counts and bounds from its footer."""

from __future__ import annotations

import math
from typing import Any, cast

import pyarrow.parquet as pq
from pyiceberg import types as ice
from pyiceberg.conversions import to_bytes
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
from pyiceberg.partitioning import PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.typedef import Record
from pyiceberg.utils.truncate import truncate_upper_bound_text_string

from mesh_dagster.ports.storage import Storage

LONGEST_BOUND = 16
_BOUNDED = (
    ice.IntegerType,
    ice.LongType,
    ice.FloatType,
    ice.DoubleType,
    ice.DateType,
    ice.TimestampType,
    ice.TimestamptzType,
    ice.StringType,
    ice.BooleanType,
)


class _Column:
    """What the row groups of a file say about one column."""

    def __init__(self, field: ice.NestedField) -> None:
        self.field = field
        self.size = self.values = self.nulls = 0
        self.bounded = isinstance(field.field_type, _BOUNDED)
        self.counted = True
        self.low: Any = None
        self.high: Any = None

    def add(self, chunk: Any) -> None:
        self.size += chunk.total_compressed_size
        self.values += chunk.num_values
        found = chunk.statistics
        if found is None or not found.has_null_count:
            self.counted = self.bounded = False
            return
        self.nulls += found.null_count
        if not self.bounded or found.null_count == chunk.num_values:
            return
        # The raw ones: what reads like `min` makes pyarrow import pandas for a timestamp.
        low, high = (found.min_raw, found.max_raw) if found.has_min_max else (None, None)
        if low is None or _is_nan(low) or _is_nan(high):
            self.bounded = False
            return
        self.low = low if self.low is None else min(self.low, low)
        self.high = high if self.high is None else max(self.high, high)

    @property
    def bounds(self) -> tuple[bytes, bytes] | None:
        if not self.bounded or self.low is None:
            return None
        low, high = self.low, self.high
        if isinstance(low, bytes):
            low = low.decode(errors="ignore")[:LONGEST_BOUND]
            text = high.decode(errors="ignore")
            high = truncate_upper_bound_text_string(text, LONGEST_BOUND)
        if high is None:
            return None
        kind = cast(ice.PrimitiveType, self.field.field_type)
        return to_bytes(kind, low), to_bytes(kind, high)


def data_file(
    storage: Storage, key: str, *, size: int, schema: Schema, spec: PartitionSpec, value: int | None
) -> DataFile:
    """The manifest's record of a file; `value` is its partition in Iceberg's terms.

    Columns that the table does not have are passed over; nested ones have no bounds.
    """
    with storage.open(key) as file:
        footer = pq.read_metadata(file)
    columns = _columns(footer, schema)
    bounds = {column.field.field_id: column.bounds for column in columns}
    described = DataFile.from_args(
        content=DataFileContent.DATA,
        file_path=storage.uri(key),
        file_format=FileFormat.PARQUET,
        partition=Record(value) if spec.fields else Record(),
        record_count=footer.num_rows,
        file_size_in_bytes=size,
        column_sizes={column.field.field_id: column.size for column in columns},
        value_counts={column.field.field_id: column.values for column in columns},
        null_value_counts={c.field.field_id: c.nulls for c in columns if c.counted},
        nan_value_counts={},
        lower_bounds={id: bound[0] for id, bound in bounds.items() if bound},
        upper_bounds={id: bound[1] for id, bound in bounds.items() if bound},
        key_metadata=None,
        split_offsets=None,
        equality_ids=None,
        sort_order_id=None,
    )
    described.spec_id = spec.spec_id
    return described


def _columns(footer: pq.FileMetaData, schema: Schema) -> list[_Column]:
    fields = {field.name: field for field in schema.fields}
    flat = {
        position: _Column(fields[path])
        for position in range(footer.num_columns)
        if (path := footer.schema.column(position).path) in fields
    }
    for index in range(footer.num_row_groups):
        group = footer.row_group(index)
        for position, column in flat.items():
            column.add(group.column(position))
    return list(flat.values())


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and math.isnan(value)
