"""Which columns a product's columns are made of: found when it is made, kept by its journal.

It is found beside the making, from the text or the plan that is run. Whatever keeps it from being
found is in the log, and keeps nobody from publishing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from importlib.metadata import version
from logging import getLogger
from typing import TYPE_CHECKING, Any

from mesh_dagster.errors import JournalError
from mesh_dagster.journal import Journal
from mesh_dagster.lineage.columns.relation import (
    InputTable,
    Relation,
    by_port,
    lineage_of,
    ordered,
    unknown,
)
from mesh_dagster.model.address import Address
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.lineage import ColumnLineage, Evidence, InputColumn, Use
from mesh_dagster.model.mask import MASKED, MaskKind
from mesh_dagster.model.snapshot import InputRead
from mesh_dagster.model.wiring import TransformKind
from mesh_dagster.products.making.inputs import scanned

if TYPE_CHECKING:
    from mesh_dagster.lineage.columns.models import Models
    from mesh_dagster.products.making.transform import Frame, Input
    from mesh_dagster.products.mesh import Mesh

READER = "2"
"""Of this code: what another one had found is found anew."""


def column_lineage(mesh: Mesh, address: Address) -> ColumnLineage:
    """What the columns of an output port's newest publication are made of.

    Of a product of this checkout the journal tells, of another the document of its domain. What
    nobody knows is unknown. Raises `UnknownAddress`, `JournalError`, `StorageError`.
    """
    resolved = mesh.resolve(address)
    port = resolved.port or ""
    described = mesh.described(resolved)
    if any(each.address == resolved.of_product for each in mesh.own()):
        with mesh.journal(resolved.domain) as journal:
            known = journal.columns(resolved.of_product.path)
    else:
        known = dict(described.facts.columns)
    if port in known:
        return known[port]
    contract = described.contracts[port]
    return unknown(each.column for each in contract.table.properties)


def find_columns(
    loaded: LoadedProduct,
    inputs: Mapping[str, Input],
    reads: Iterable[InputRead],
    frames: Mapping[str, Frame],
    *,
    journal: Journal,
    attempt: str,
) -> Mapping[str, ColumnLineage]:
    """What each port of an attempt is made of, by port; it is recorded where it is new.

    What could not be found is recorded as unknown: what an earlier attempt was made of says
    nothing of this one.
    """
    path = loaded.product.address.path
    ports = [*frames, *([MASKED] if loaded.masks else [])]
    try:
        tables = _tables(inputs, reads)
        asked = {port: _asked(loaded, frame) for port, frame in frames.items()}
        digest = _digest(loaded, tables, asked)
        if digest is not None and (known := journal.columns_of_digest(path, ports, digest)):
            return known
        found = {port: _found(loaded, tables, port, asked[port], frames[port]) for port in frames}
        if loaded.masks:
            found[MASKED] = masked_lineage(loaded, found[""])
        text = digest or _hash([sorted(found), [repr(found[port]) for port in sorted(found)]])
        if journal.columns_of_digest(path, ports, text) is None:
            journal.found_columns(path, attempt, text, found)
        return found
    except Exception as error:  # noqa: BLE001 (what is told must not hinder what is done)
        told = "what the columns of %s are made of could not be found: %s: %s"
        getLogger("mesh_dagster").warning(told, path, type(error).__name__, error)
        nothing = {port: unknown(_declared(loaded, port)) for port in ports}
        try:
            # It is found from nothing that could be the same again: the next attempt tries anew.
            journal.found_columns(path, attempt, attempt, nothing)
        except JournalError as why:
            getLogger("mesh_dagster").warning("nor could that be recorded: %s", why)
        return nothing


def _declared(loaded: LoadedProduct, port: str) -> list[str]:
    return [each.column for each in loaded.contracts[port].table.properties]


def compiled_sql(frames: Mapping[str, Frame]) -> str | None:
    """The SQL that dbt made of the model whose rows these are; None where dbt made none."""
    made = (getattr(each, "models", None) for each in frames.values())
    return next((each.models[-1].sql for each in made if each is not None), None)


def _tables(inputs: Mapping[str, Input], reads: Iterable[InputRead]) -> list[InputTable]:
    found = []
    for read in reads:
        each = inputs[read.port]
        address = None
        if not read.address.startswith("source:"):
            address = Address.parse(read.address)
        names = tuple(each.polars().collect_schema().names())
        found.append(InputTable(read.port, names, address, scanned(each)))
    return found


def _asked(loaded: LoadedProduct, frame: Frame) -> str | Models | None:
    """The text that a frame is computed from; None where only the frame itself can tell."""
    transform = loaded.wiring.transform
    if transform.kind is TransformKind.SQL:
        return (loaded.folder / transform.name).read_text(encoding="utf-8")
    return getattr(frame, "models", None)


def _digest(
    loaded: LoadedProduct, tables: Sequence[InputTable], asked: Mapping[str, Any]
) -> str | None:
    """Of all that lineage is found from; None where that is a plan."""
    if None in asked.values():
        return None
    texts = {port: each if isinstance(each, str) else asdict(each) for port, each in asked.items()}
    read = [[each.port, str(each.address or ""), each.columns] for each in tables]
    return _hash([READER, texts, read, _stated(loaded)])


def _stated(loaded: LoadedProduct) -> list[Any]:
    """What contracts say of the origins of columns."""
    from mesh_dagster.lineage.columns.declared import statements_of

    masks = [[column, str(mask)] for column, mask in sorted(loaded.masks.items())]
    return [
        *([masks] if masks else []),
        *(
            [port, [[each.column, each.sources, each.logic] for each in statements_of(contract)]]
            for port, contract in sorted(loaded.contracts.items())
        ),
    ]


def _hash(value: Any) -> str:
    told = json.dumps([version("sqlglot"), value], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()[:32]


def _found(
    loaded: LoadedProduct,
    tables: Sequence[InputTable],
    port: str,
    asked: str | Models | None,
    frame: Frame,
) -> ColumnLineage:
    from mesh_dagster.lineage.columns.declared import with_declared

    contract = loaded.contracts[port]
    names = _names(frame) or _declared(loaded, port)
    relation, evidence = _relation(tables, asked, frame)
    found = unknown(names) if relation is None else lineage_of(relation, names, evidence)
    return found if found.whole else with_declared(found, contract, tables)


def masked_lineage(loaded: LoadedProduct, first: ColumnLineage) -> ColumnLineage:
    """What the columns of the port `masked` are made of: what those of the first port are.

    A value that is masked is another value; one that is left empty is made of none.
    """
    columns: dict[str, tuple[InputColumn, ...] | None] = {}
    for each in loaded.contracts[MASKED].table.properties:
        mask, made = loaded.masks.get(each.column), first.columns.get(each.column)
        if mask is not None and mask.kind is MaskKind.NULL:
            made = ()
        elif mask is not None and made is not None:
            direct = {replace(one, use=Use.TRANSFORMATION) for one in made if one.use.is_direct}
            made = ordered({*direct, *(one for one in made if not one.use.is_direct)})
        columns[each.column] = made
    return replace(first, columns=columns)


def _relation(
    tables: Sequence[InputTable], asked: str | Models | None, frame: Frame
) -> tuple[Relation | None, Evidence]:
    from mesh_dagster.lineage.columns.sql import Uncertain

    try:
        if isinstance(asked, str):
            from mesh_dagster.lineage.columns.sql import relation_from_sql

            in_schema = {f"main.{each.port}": each.relation for each in tables}
            return relation_from_sql(asked, {**in_schema, **by_port(tables)}), Evidence.SQL
        if asked is not None:
            from mesh_dagster.lineage.columns.models import relation_from_models

            return relation_from_models(asked, by_port(tables)), Evidence.DBT
    except Uncertain as why:
        getLogger("mesh_dagster").info("what columns are made of is unknown: %s", why)
        return None, Evidence.SQL
    import polars as pl

    if not isinstance(frame, pl.LazyFrame):
        return None, Evidence.PLAN
    from mesh_dagster.lineage.columns.plan import relation_from_plan

    return relation_from_plan(frame, tables), Evidence.PLAN


def _names(frame: Frame) -> list[str]:
    """The columns that a frame has, where that is known without computing it."""
    import polars as pl

    if isinstance(frame, pl.LazyFrame):
        return frame.collect_schema().names()
    # Arrow's `columns` are its data.
    names = getattr(frame, "column_names", None)
    if names is None:
        names = getattr(frame, "columns", None)
    return [] if names is None else [each for each in names if isinstance(each, str)]
