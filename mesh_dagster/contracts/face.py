"""A contract and data, from a team's own code: no command, no mesh."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import narwhals as nw

from mesh_dagster.contracts.audit.data.frame import in_polars
from mesh_dagster.contracts.audit.data.of_pandas import as_polars
from mesh_dagster.contracts.audit.run import audit
from mesh_dagster.contracts.files.matching import data_at
from mesh_dagster.contracts.files.open import open_data
from mesh_dagster.contracts.files.spool import Spool
from mesh_dagster.contracts.reading import read_contract as read
from mesh_dagster.contracts.rules.compile import rules
from mesh_dagster.descriptors.suggest import did_you_mean
from mesh_dagster.errors import UsageError
from mesh_dagster.model.contract import Contract, SchemaObject
from mesh_dagster.model.finding import RuleResult

if TYPE_CHECKING:
    from mesh_dagster.contracts.inference.infer import Inferred


def read_contract(path: str | Path) -> Contract:
    """The contract of an ODCS (or DCS) file, as far as data can be held against it.

    Raises `DescriptorError` with all that is wrong.
    """
    return read(Path(path)).contract


def check(contract: Contract, data: Any, *, table: str | None = None) -> tuple[RuleResult, ...]:
    """What each rule of a contract says of data, in one pass.

    `data` is a frame of Polars (lazy too), pandas, Arrow, DuckDB or Spark, or the path of a
    file, a folder or a pattern; `table` names the schema object where it is not the first.
    Raises `UsageError` for an unknown table, for what is no data and where nothing is at the
    path, `EvaluationError` for data that cannot be read.
    """
    here = contract.object_named(table)
    if here is None:
        known = [each.name for each in contract.schema]
        told = f"the contract has no schema object {table!r}{did_you_mean(str(table), known)}"
        raise UsageError(told, code="MESH-C020", where=contract.where)
    asked = rules(contract, table, standalone=True)
    if not isinstance(data, str | Path):
        return audit(asked, rows_of(data))
    with Spool() as spool:
        opened = open_data(data_at(str(data), here), spool)
        if opened.is_text:
            asked = rules(contract, table, texts=True)
        return audit(asked, opened.data, raw=opened.raw)


def infer(data: Any, *, name: str | None = None) -> Inferred:
    """A contract that data keeps, and tomorrow's data is meant to keep: `.text`, `.contract`.

    `data` is what `check` takes, but for Spark; `name` becomes the contract's id and its table's
    name. Raises `UsageError` where nothing is at the path, `EvaluationError` for data that
    cannot be read.
    """
    from mesh_dagster.contracts.inference.infer import infer as inferred
    from mesh_dagster.contracts.inference.reading import opened

    if not isinstance(data, str | Path):
        rows = in_polars(nw.from_native(rows_of(data)).lazy())
        return inferred(rows.to_native(), name=name or "table")
    with opened(str(data)) as found:
        return inferred(
            found.rows,
            name=name or found.name,
            source=found.place,
            texts=found.texts,
            untyped=found.untyped,
        )


def rows_of(data: Any) -> Any:
    """Data as an audit takes it: a path is opened, and pandas' NaN is null.

    Raises `UsageError` for what is no frame, and for a file of texts: which types they have,
    only a contract says.
    """
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
        return as_polars(data).lazy()
    try:
        nw.from_native(data)
    except TypeError:
        raise UsageError(
            f"data is a {type(data).__name__}, expected a path, or a frame of Polars, pandas, "
            "Arrow, DuckDB or Spark",
            fix="polars.DataFrame(data)" if isinstance(data, list | dict) else None,
        ) from None
    return data
