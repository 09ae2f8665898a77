"""The file of a source system against its contract: which columns it really has, and of what.

A source belongs to nobody in the mesh, and changes without notice: what it has is looked at
before a transform reads it. It is read as `mesh contract test` reads files.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

import polars as pl

from mesh_dagster.contracts.audit.data.frame import Frame
from mesh_dagster.contracts.audit.run import audit
from mesh_dagster.contracts.audit.samples import MASK, failing_rows
from mesh_dagster.contracts.files.formats import Format
from mesh_dagster.contracts.files.matching import DataSet
from mesh_dagster.contracts.files.open import Engine, open_data
from mesh_dagster.contracts.files.opened import RAW, Opened
from mesh_dagster.contracts.files.spool import Spool
from mesh_dagster.contracts.inference.types import retyped
from mesh_dagster.contracts.rules.compile import rules
from mesh_dagster.contracts.rules.kinds import Parsed, Rule, Schema
from mesh_dagster.model.contract import Contract, SchemaObject
from mesh_dagster.model.finding import RuleResult

ALIKE = 0.5
"""How alike the names of a column that is gone and a new one are, to be guessed the same."""


@dataclass(frozen=True, slots=True)
class SourceAudit:
    """What a source's contract says of what was found, and the columns that were found."""

    results: tuple[RuleResult, ...]
    columns: Mapping[str, str]
    changes: tuple[str, ...] = ()
    """What is different from the last good read, in words."""

    @property
    def blocks(self) -> bool:
        """Whether it must not be read."""
        return any(result.blocks for result in self.results)


def audit_source(
    contract: Contract,
    data: DataSet,
    *,
    last: Mapping[str, str] | None = None,
    port: str | None = None,
) -> SourceAudit:
    """Hold a source against its contract: its columns and its rows.

    `last` is what it had at its last good read. Raises `EvaluationError` when it cannot be read.
    """
    with Spool() as spool:
        opened = open_data(data, spool, Engine.POLARS)
        columns = _columns(data, opened, spool)
        asked = rules(contract, texts=opened.is_text)
        found = audit(asked, opened.data, raw=opened.raw, port=port)
        hidden = contract.confidential_columns(data.table.name)
        results = tuple(_settled(found, asked, opened, hidden))
    changes = () if last is None else tuple(changed(last, columns))
    return SourceAudit(results, columns, changes)


def _columns(data: DataSet, opened: Opened, spool: Spool) -> dict[str, str]:
    """The columns that are there, whatever the contract says, and their types.

    Formats of text have none of their own: there it is what all values can be read as.
    """
    rows = opened.data
    if data.format is Format.CSV:
        texts = [name for name in rows.collect_schema() if not name.startswith(RAW)]
        rows = rows.select(pl.col(opened.raw.get(name, name)).alias(name) for name in texts)
    elif data.format is Format.JSON:
        rows = open_data(replace(data, table=SchemaObject(data.table.name)), spool).data
    rows = retyped(rows, data.format if opened.is_text else None, few=0)
    return {name: str(type_) for name, type_ in Frame.of(rows).types().items()}


def _settled(
    found: Sequence[RuleResult], asked: Sequence[Rule], opened: Opened, hidden: Collection[str]
) -> Iterator[RuleResult]:
    """Of columns that are not as promised no more is said than that, and what cannot be read."""
    by_id = {rule.id: rule for rule in asked}
    whole = all(each.holds for each in found if each.kind == Schema.kind)
    for each in found:
        rule = by_id.get(each.rule)
        if each.failed and isinstance(rule, Parsed):
            yield replace(each, message=each.message + _shown(rule, opened, hidden))
        elif whole or each.kind == Schema.kind:
            yield each


def _shown(rule: Parsed, opened: Opened, hidden: Collection[str]) -> str:
    """One of the texts that could not be read."""
    rows = failing_rows(rule, opened.data, limit=1, raw=opened.raw, masked=hidden)
    value = rows.row(0, named=True).get(rule.column or "") if rows.height else None
    return "" if value in (None, MASK) else f": {value!r}"


def changed(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    """What is different in the columns of a source, in words: added, gone, renamed, retyped."""
    gone = [name for name in before if name not in now]
    new = [name for name in now if name not in before]
    for name, other in renamed(before, now).items():
        gone.remove(name)
        new.remove(other)
        yield f"{name} seems to be named {other} now"
    yield from (f"{name} is gone" for name in gone)
    yield from (f"{name} is new, a {now[name]}" for name in new)
    for name, type_ in before.items():
        if name in now and now[name] != type_:
            yield f"{name} was {type_} and is {now[name]}"


def renamed(before: Mapping[str, str], now: Mapping[str, str]) -> dict[str, str]:
    """A guess which column that is gone is which new one: of the same type, alike or in place."""
    new = [name for name in now if name not in before]
    found: dict[str, str] = {}
    for name in (each for each in before if each not in now):
        same = [each for each in new if now[each] == before[name]]
        in_place = list(now)[list(before).index(name)] if len(before) == len(now) else None
        likely = [(_alike(name, each) + (each == in_place), each) for each in same]
        score, other = max(likely, default=(0.0, ""))
        if score >= ALIKE:
            found[name] = other
            new.remove(other)
    return found


def _alike(one: str, other: str) -> float:
    return SequenceMatcher(None, one.lower(), other.lower()).ratio()
