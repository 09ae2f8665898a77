"""The closed list of what a contract can ask of data: one small frozen class a kind.

A rule says what must hold and how many violations its bound allows; it knows no engine. Values
of a rule are already of the column's own type (`literals`), names are stored names.

What counts, once and for all:

- a null is a violation of `Required` and `Missing` only; every other rule passes over it,
  as SQL's constraints do. A key with a null in it is no key and duplicates nothing.
- `Unique` counts the rows beyond the first of each key, not the groups and not all their rows.
- NaN lies in no range.
- on what lies in a list or a map a rule counts elements, of all rows; a null struct, list or
  map holds nothing, so nothing in it breaks a rule. On a struct's field it counts rows.
- a pattern is searched for anywhere in the text, as JSON Schema says; anchor it with ^ and $.
  Its language is the Rust regex crate's: no look-around and no back-references.
"""

from __future__ import annotations

from mesh_dagster.contracts.rules.bounds import (
    NONE_ALLOWED,
    Bound,
    Equals,
    Operator,
)
from mesh_dagster.contracts.rules.by_owners import (
    Code,
    Owned,
    Sql,
    Text,
    Unsupported,
)
from mesh_dagster.contracts.rules.on_tables import (
    PLATFORM_COLUMNS,
    Answered,
    Expected,
    ExpectedRows,
    Freshness,
    Measure,
    Metric,
    Reference,
    Retention,
    RowCount,
    Schema,
    Shape,
    Unique,
)
from mesh_dagster.contracts.rules.on_values import (
    Allowed,
    Counted,
    Distinct,
    Format,
    Length,
    Missing,
    Multiple,
    Parsed,
    Pattern,
    Range,
    Required,
    Size,
)

__all__ = [
    "NONE_ALLOWED",
    "PLATFORM_COLUMNS",
    "Allowed",
    "Answered",
    "Bound",
    "Code",
    "Counted",
    "Distinct",
    "Equals",
    "Expected",
    "ExpectedRows",
    "Format",
    "Freshness",
    "Length",
    "Measure",
    "Metric",
    "Missing",
    "Multiple",
    "Operator",
    "Owned",
    "Parsed",
    "Pattern",
    "Range",
    "Reference",
    "Required",
    "Retention",
    "RowCount",
    "Rule",
    "Schema",
    "Shape",
    "Size",
    "Sql",
    "Text",
    "Unique",
    "Unsupported",
]

Rule = Schema | Counted | Unique | RowCount | Reference | Answered | Owned | Unsupported
