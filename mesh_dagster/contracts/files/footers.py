"""What a Parquet file says of itself has to add up: readers take memory by it, and trust it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mesh_dagster.errors import EvaluationError

MOST_ROWS = 1 << 27
"""Of a row group, beyond which its size must be in a proportion to that of the file."""

_ROWS_A_BYTE = 64


def demand_truth(path: Path) -> None:
    """Refuse a file whose footer contradicts itself or the file's size.

    A footer that cannot be read at all is left to who reads the file. Raises `EvaluationError`.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        footer = pq.read_metadata(path)
    except (pa.ArrowException, OSError, ValueError):
        return
    for told in _contradictions(footer, path.stat().st_size):
        raise EvaluationError(
            f"{path} cannot be read as Parquet: its footer {told}",
            code="MESH-C024",
            fix="it is damaged, or made to harm who reads it: write it again",
        )


def _contradictions(footer: Any, size: int) -> Iterator[str]:
    groups = [footer.row_group(at) for at in range(footer.num_row_groups)]
    rows = sum(group.num_rows for group in groups)
    if rows != footer.num_rows:
        yield f"says {footer.num_rows:,} rows, and its row groups hold {rows:,}"
    flat = [footer.schema.column(at).max_repetition_level == 0 for at in range(footer.num_columns)]
    for group in groups:
        for at in range(group.num_columns):
            chunk = group.column(at)
            values = chunk.num_values
            if flat[at] and values != group.num_rows:
                yield f"says {values:,} values of a column in {group.num_rows:,} rows"
            if not 0 <= values <= max(MOST_ROWS, size * _ROWS_A_BYTE):
                yield f"says {values:,} values of a column, in a file of {size:,} bytes"
            begin = chunk.dictionary_page_offset if chunk.has_dictionary_page else None
            begin = chunk.data_page_offset if begin is None else begin
            if not 0 <= begin <= begin + chunk.total_compressed_size <= size:
                yield f"says that a column lies beyond its end, at {size:,} bytes"
