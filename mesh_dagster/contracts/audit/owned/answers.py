"""Rules that the contract's owner wrote to be run: queries and Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mesh_dagster.contracts.audit.counts import Answers
from mesh_dagster.contracts.audit.data.frame import Frame
from mesh_dagster.contracts.audit.owned.python import answers_of_code
from mesh_dagster.contracts.audit.owned.sql.process import DEFAULT, Limits
from mesh_dagster.contracts.audit.owned.sql.rules import answers_of_queries
from mesh_dagster.contracts.rules.kinds import Code, Rule, Sql
from mesh_dagster.errors import first_line


@dataclass(frozen=True, slots=True)
class Around:
    """What the owner's rules may use besides the data under audit.

    `tables` are the other tables of the contract by name, for queries: their rows, or a text that
    says why there are none. `code` is the folder of the contract, whose Python may be run; None:
    it may not.
    """

    tables: Mapping[str, Any] = field(default_factory=dict)
    code: Path | None = None
    limits: Limits = DEFAULT


ALONE = Around()


def answers_of_owned(
    rules: Sequence[Rule],
    frame: Frame,
    keys: Sequence[str | None],
    rows: Mapping[str | None, int],
    around: Around,
) -> dict[str, Answers]:
    """What each of these rules, by its id, says of each of the partitions `keys`.

    Nothing is raised: what a rule runs into is its answer.
    """
    queries = [rule for rule in rules if isinstance(rule, Sql)]
    found: dict[str, Answers] = {}
    try:
        found |= answers_of_queries(
            queries, frame, keys, rows, tables=around.tables, limits=around.limits
        )
    except Exception as error:  # noqa: BLE001 - whatever the machine lacks
        found |= {rule.id: dict.fromkeys(keys, first_line(error)) for rule in queries}
    for rule in rules:
        if isinstance(rule, Code):
            found[rule.id] = answers_of_code(
                rule, frame, keys, rows, folder=around.code, seconds=around.limits.seconds
            )
    return found
