"""What a schema of pandera has to say whatever its backend, and how polars and pandas say it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from mesh_dagster.contracts.exchange.pandera.parts import (
    is_checked,
    is_first_of_keys,
    is_native,
    metadata,
    named,
    schema_in,
)
from mesh_dagster.contracts.rules.kinds import (
    PLATFORM_COLUMNS,
    Expected,
    Required,
    Rule,
    Schema,
    Unique,
)
from mesh_dagster.model.contract import Contract
from mesh_dagster.model.finding import Severity

Check = Callable[[Any], Any]


class Backend(ABC):
    """A backend of pandera; `pa` is its module."""

    pa: ClassVar[Any]

    def schema_of(self, contract: Contract, found: Sequence[Rule]) -> Any:
        """The schema; `found` are the contract's rules."""
        schema, pa = schema_in(found), self.pa
        columns = {
            each.name: pa.Column(
                self.dtype(each),
                checks=self.of_column(each, found),
                nullable=self.nullable(each),
                required=each.required,
            )
            for each in schema.columns
        }
        columns |= {
            name: pa.Column(None, required=False, nullable=True) for name in PLATFORM_COLUMNS
        }
        return pa.DataFrameSchema(
            columns,
            checks=[check for rule in found for check in self.of_table(rule, schema)],
            strict=schema.extra is Severity.ERROR,
            name=contract.id,
            metadata=metadata(contract, found),
        )

    @abstractmethod
    def dtype(self, column: Expected) -> Any:
        """The type as pandera compares it; None where the audit does."""

    def nullable(self, column: Expected) -> bool:
        """Whether pandera lets nulls be; else no check on them is needed."""
        return not column.required

    @abstractmethod
    def of_column(self, column: Expected, found: Sequence[Rule]) -> list[Any]:
        """The checks on one column's values."""

    @abstractmethod
    def of_table(self, rule: Rule, schema: Schema) -> list[Any]:
        """The checks on the whole table that a rule is."""

    def once(self, rule: Rule) -> Any:
        """A check on the table as a whole, by the audit."""
        return self.pa.Check(self.whole(rule), **named(rule))

    @abstractmethod
    def whole(self, rule: Rule) -> Check:
        """Whether a table keeps a rule."""


class RowBackend(Backend):
    """One that shows which rows fail."""

    of_rows: ClassVar[Mapping[str, Any]] = {}
    """What a check is told that answers row by row."""

    def of_column(self, column: Expected, found: Sequence[Rule]) -> list[Any]:
        own = [rule for rule in found if is_native(rule) and rule.column == column.name]
        if not self.nullable(column):
            first = next((rule for rule in own if isinstance(rule, Required)), None)
            own = [rule for rule in own if rule is not first]
        return [check for rule in own for check in self._of_values(rule)]

    def _of_values(self, rule: Rule) -> list[Any]:
        native = self.native(rule)
        if native is not None:
            return native
        return [self.pa.Check(self.by_row(rule), **self.of_rows, **named(rule))]

    def of_table(self, rule: Rule, schema: Schema) -> list[Any]:
        if isinstance(rule, Schema):
            return [] if self.says(schema) else [self.once(rule)]
        if is_native(rule) or not is_checked(rule):
            return []
        if isinstance(rule, Unique) and is_first_of_keys(rule):
            return [self.pa.Check(self.is_first(rule), **self.of_rows, **named(rule))]
        return [self.once(rule)]

    @abstractmethod
    def says(self, schema: Schema) -> bool:
        """Whether the columns of the schema say all that its rule does."""

    @abstractmethod
    def native(self, rule: Rule) -> list[Any] | None:
        """pandera's own checks where they say what a rule on values does."""

    @abstractmethod
    def by_row(self, rule: Rule) -> Check:
        """By the audit itself, for what pandera has no check."""

    @abstractmethod
    def is_first(self, rule: Unique) -> Check:
        """Row by row, so that pandera shows the very rows that are beyond the first."""
