"""A contract and a frame, from a team's own code: no file, no command, no mesh."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mesh_dagster.contracts.audit.run import audit
from mesh_dagster.contracts.files.matching import data_at
from mesh_dagster.contracts.files.open import open_data
from mesh_dagster.contracts.files.spool import Spool
from mesh_dagster.contracts.reading import read_contract as read
from mesh_dagster.contracts.rules.compile import rules
from mesh_dagster.errors import UsageError
from mesh_dagster.model.contract import Contract, SchemaObject
from mesh_dagster.model.finding import RuleResult


def read_contract(path: str | Path) -> Contract:
    """The contract of an ODCS (or DCS) file, as far as data can be held against it.

    Raises `DescriptorError` with all that is wrong.
    """
    return read(Path(path)).contract


def check(contract: Contract, data: Any, *, table: str | None = None) -> tuple[RuleResult, ...]:
    """What each rule of a contract says of data, in one pass.

    `data` is a frame of Polars (lazy too), pandas, Arrow, DuckDB or Spark, or the path of a
    Parquet file; `table` names the schema object where it is not the first. For text files,
    which have no types, there is `mesh contract test`. Raises `LookupError` for an unknown
    table, `UsageError` for a text file, `EvaluationError` for data that cannot be read.
    """
    return audit(rules(contract, table, standalone=True), rows_of(data))


def rows_of(data: Any) -> Any:
    """Data as an audit takes it: a path is opened, and pandas' NaN is null."""
    if isinstance(data, str | Path):
        found = open_data(data_at(str(data), SchemaObject("data")), Spool())
        if found.is_text:
            raise UsageError(
                f"{data} is of a format without types; frames and Parquet have them",
                code="MESH-C050",
                fix=f"hand over the frame, or: mesh contract test CONTRACT --data {data}",
            )
        return found.data
    if type(data).__module__.partition(".")[0] == "pandas":
        from mesh_dagster.contracts.exchange.pandera_pandas import as_polars

        return as_polars(data).lazy()
    return data
