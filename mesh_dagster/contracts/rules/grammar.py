"""Articles, plurals, cases and the words for types: what makes messages read as sentences."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mesh_dagster.model.types import ColumnType, Kind

_AN = re.compile(
    r"(?!uni|us[aeu]|uuid|ur[il]|ut[cf]|eu|one)[aeiou]|hour|heir|honest|8", re.IGNORECASE
)
_WORDS = {
    Kind.INT: "integer",
    Kind.LONG: "integer",
    Kind.FLOAT: "number",
    Kind.DOUBLE: "number",
    Kind.STRING: "text",
    Kind.TIMESTAMPTZ: "timestamp",
    Kind.LIST: "array",
    Kind.STRUCT: "object",
}
"""What people call a type that storage has another name for."""


def a(word: str) -> str:
    """`an email`, `a user_id`: by how the word sounds, as far as its letters tell."""
    return f"{'an' if _AN.match(word) else 'a'} {word}"


def key(columns: Sequence[str]) -> str:
    """`id` of one column, `(origin, hour)` of several."""
    return columns[0] if len(columns) == 1 else f"({', '.join(columns)})"


def count(number: int, one: str, many: str | None = None) -> str:
    """`1 row`, `2,000 rows`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def snake(name: str) -> str:
    """`null_values` of `nullValues`."""
    return re.sub(r"(?<=[a-z])([A-Z])", r"_\1", name).lower()


def have(number: int) -> str:
    """The verb that goes with so many."""
    return "has" if number == 1 else "have"


def a_value(type_: ColumnType | Kind | str) -> str:
    """`an integer`, `a decimal(10,2)`: a value of a type, in the words of contracts."""
    kind = type_.kind if isinstance(type_, ColumnType) else type_
    return a(_WORDS.get(kind, str(type_)) if isinstance(kind, Kind) else kind)
