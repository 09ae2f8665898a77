"""What a contract's owner wrote: queries, functions, sentences; and what nobody can check."""

from __future__ import annotations

from typing import Any, ClassVar

from mesh_dagster.contracts.rules.bounds import Bound, Equals
from mesh_dagster.contracts.rules.identity import Bounded, Identity, rule


@rule
class Sql(Identity):
    """What one query answers about the table, as SQL in the contract's dialect.

    `tables` are the names under which the query may ask for the table itself. The answer is held
    against the bound, or, for an operator that no number goes with, against `equals`. With
    neither it has to be true.
    """

    kind: ClassVar[str] = "sql"
    query: str
    dialect: str = "duckdb"
    tables: tuple[str, ...]
    bound: Bound | None = None
    equals: Equals | None = None


@rule
class Code(Bounded):
    """What a function (engine `python`) or schema (`pandera`) beside the contract says.

    `file` is relative to the contract's folder; `arguments` go to the function by name. What
    it counts as failing is held against the bound.
    """

    kind: ClassVar[str] = "code"
    engine: str
    file: str
    name: str
    arguments: tuple[tuple[str, Any], ...] = ()


@rule
class Text(Identity):
    """What the contract tells people. Nobody checks it, and every audit says so."""

    kind: ClassVar[str] = "text"


@rule
class Unsupported(Identity):
    """What the contract says and this release cannot check: never silently left out."""

    kind: ClassVar[str] = "unsupported"
    reason: str


Owned = Sql | Code | Text
"""Rules that the contract's owner wrote: a query, a function, a sentence."""
