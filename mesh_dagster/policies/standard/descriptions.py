"""A product explains itself."""

from __future__ import annotations

from collections.abc import Iterator

from mesh_dagster.model.finding import Finding, Severity
from mesh_dagster.model.product import Stage
from mesh_dagster.policies.examples import column, example
from mesh_dagster.policies.policy import Policy, since
from mesh_dagster.policies.view import View


class ColumnsDescribed(Policy):
    """Every column is described.

    A column without a description is one that every reader has to ask about, or guesses. Say
    what it means in the words of the domain, in which unit, and when it is empty.
    """

    id = "columns-described"
    rationale = "A product that explains itself costs its team no answers (self-describing)."
    severity = since(Stage.BETA, before=Severity.WARNING)

    def check(self, view: View) -> Iterator[Finding]:
        for port, each in view.columns():
            if not (each.description or "").strip():
                yield self.finding(
                    view,
                    f"the column `{each.name}` is not described",
                    port=port,
                    where=each.where,
                    fix="description: what it means, its unit, and when it is empty",
                )

    @staticmethod
    def passing() -> View:
        return example()

    @staticmethod
    def failing() -> View:
        return example(columns=[column("amount", "number", description=None)])
