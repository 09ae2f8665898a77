"""Which columns a product's columns are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from mesh_dagster.model.address import Address


class Use(StrEnum):
    """What becomes of an input column, as OpenLineage's column lineage facet 1-2-0 has it.

    The first three are direct: its values are in the output's. By the others it only decides
    which rows there are, or which of several values is taken.
    """

    IDENTITY = "IDENTITY"
    TRANSFORMATION = "TRANSFORMATION"
    AGGREGATION = "AGGREGATION"
    JOIN = "JOIN"
    GROUP_BY = "GROUP_BY"
    FILTER = "FILTER"
    SORT = "SORT"
    WINDOW = "WINDOW"
    CONDITIONAL = "CONDITIONAL"

    @property
    def is_direct(self) -> bool:
        return self in (Use.IDENTITY, Use.TRANSFORMATION, Use.AGGREGATION)


class Evidence(StrEnum):
    """From what it is known which columns a column is made of."""

    SQL = "sql"
    DBT = "dbt"
    PLAN = "plan"
    DECLARED = "declared"


@dataclass(frozen=True, slots=True, order=True)
class InputColumn:
    """One column that was used. `source` names an input port whose data is no product's."""

    address: Address | None
    column: str
    use: Use
    source: str = ""


@dataclass(frozen=True, slots=True)
class ColumnLineage:
    """What an output port's columns are made of.

    A column with `None` is unknown, and one with nothing is made of no column (a constant).
    `rows` are the columns that decide which rows there are and in what order, whichever column
    one looks at; None where that is unknown. `evidence` is None where nothing at all is known.
    """

    columns: Mapping[str, tuple[InputColumn, ...] | None] = field(default_factory=dict)
    rows: tuple[InputColumn, ...] | None = ()
    evidence: Evidence | None = None

    @property
    def read(self) -> frozenset[tuple[Address | None, str, str]]:
        """Every input column that is known to be used: address, column and source."""
        used = [
            *(self.rows or ()),
            *(each for uses in self.columns.values() for each in uses or ()),
        ]
        return frozenset((each.address, each.column, each.source) for each in used)

    @property
    def whole(self) -> bool:
        """Whether nothing of it is unknown."""
        return self.rows is not None and None not in self.columns.values()
