"""Rules on time and on history: which module answers which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mesh_dagster.contracts.audit.drift import History, drifted
from mesh_dagster.contracts.audit.frame import Frame
from mesh_dagster.contracts.audit.fused import Answer
from mesh_dagster.contracts.audit.service_levels import aged
from mesh_dagster.contracts.audit.slots import gaps
from mesh_dagster.contracts.rules.kinds import Answered, ExpectedRows, Shape

__all__ = ["History", "answers"]


def answers(
    rule: Answered,
    frame: Frame,
    keys: Sequence[str | None],
    rows: Mapping[str | None, int],
    history: History | None,
) -> dict[str | None, Answer]:
    """What a rule says of each of the partitions `keys` (None: the whole), of so many `rows`.

    Raises what the engine raises, and `EvaluationError` with the reason where the rule cannot
    be answered.
    """
    match rule:
        case Shape():
            return drifted(rule, frame, keys, rows, history)
        case ExpectedRows():
            return gaps(rule, frame, keys)
    return aged(rule, frame, keys, rows)
