"""The tables under test, each opened once, and what the rules of one need beside its own rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from mesh_dagster.contracts.audit.history.drift import History, against
from mesh_dagster.contracts.audit.owned.answers import Around
from mesh_dagster.contracts.files.matching import FoundData
from mesh_dagster.contracts.files.open import Engine, open_data
from mesh_dagster.contracts.files.opened import Opened
from mesh_dagster.contracts.files.spool import Spool
from mesh_dagster.contracts.rules.kinds import Reference, Rule, Shape, Sql
from mesh_dagster.errors import EvaluationError, MeshError
from mesh_dagster.model.contract import Contract, SchemaObject


class Tables:
    """The data that was `found`, and the data `before` it, which drift is measured against."""

    def __init__(
        self,
        contract: Contract,
        found: FoundData,
        before: FoundData,
        spool: Spool,
        engine: Engine | None,
    ) -> None:
        self._contract, self._spool, self._engine = contract, spool, engine
        self._sets = {each.table.name: each for each in found.sets}
        self._before = {each.table.name: each for each in before.sets}
        self._opened: dict[str, Opened | MeshError] = {}

    def open(self, name: str) -> Opened | MeshError:
        """The rows of a table that has data, or why they cannot be read."""
        if name not in self._opened:
            try:
                self._opened[name] = open_data(self._sets[name], self._spool, self._engine)
            except EvaluationError as error:
                self._opened[name] = error
        return self._opened[name]

    def target(self, rule: Reference) -> Any:
        """The rows that a reference points to, or why there are none; None: the table's own."""
        if rule.target is not None:
            return f"{rule.target} lies in a mesh, and this is a test without one"
        return None if rule.target_object is None else self._rows(rule.target_object)

    def _rows(self, name: str) -> Any:
        """The rows of a table, or why there are none."""
        if name not in self._sets:
            return f"no data of {name} was given (--data {name}=PATH)"
        opened = self.open(name)
        return opened.what if isinstance(opened, MeshError) else opened.data

    def around(self, table: SchemaObject, asked: Sequence[Rule], code: Path | None) -> Around:
        """The other tables, where a query may name them, and the owner's code if it may run."""
        tables: dict[str, Any] = {}
        if any(isinstance(rule, Sql) for rule in asked):
            for other in self._contract.schema:
                if other.name != table.name:
                    tables |= dict.fromkeys(other.names, self._rows(other.name))
        return Around(tables, code=code)

    def history(self, table: SchemaObject, asked: Sequence[Rule]) -> History | None:
        """Each file of the baseline is an earlier state, the last by name the newest."""
        before = self._before.get(table.name)
        if before is None or not any(isinstance(rule, Shape) for rule in asked):
            return None
        states = [replace(before, paths=[path]) for path in reversed(before.paths)]
        frames = [open_data(each, self._spool, self._engine).data for each in states]
        return against(*frames)
