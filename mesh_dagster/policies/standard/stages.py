"""How far a product is said to be, and what there is to show for it."""

from __future__ import annotations

from collections.abc import Iterator

from mesh_dagster.model.finding import Finding
from mesh_dagster.model.policy import Moment
from mesh_dagster.model.product import Stage
from mesh_dagster.policies.examples import example
from mesh_dagster.policies.policy import Policy
from mesh_dagster.policies.standard.severities import WANTED
from mesh_dagster.policies.view import View

_SHOWN = (Stage.BETA, Stage.STABLE)


class StageHasEvidence(Policy):
    """A stage beyond alpha is reached by evidence, on the record.

    `mesh promote ADDRESS` looks up what a stage asks for, such as service levels that were kept
    and a satisfied reader, writes the stage into the descriptor and keeps the evidence in the
    journal. A stage that somebody wrote by hand says the same with nothing behind it. The products
    with which a mesh begins are let off by a waiver, until a day.
    """

    id = "stage-has-evidence"
    rationale = "What is called stable is built upon: the word has to be worth it."
    moments = frozenset({Moment.BUILD})
    severity = WANTED

    def check(self, view: View) -> Iterator[Finding]:
        if view.stage in _SHOWN and view.proven is not None and view.stage not in view.proven:
            yield self.finding(
                view,
                f"it is {view.stage} by its descriptor, and no promotion to that is on the record",
                fix=f"stage: alpha, then mesh promote {view.address.path}",
            )

    @staticmethod
    def passing() -> View:
        return example(proven=frozenset({Stage.BETA, Stage.STABLE}))

    @staticmethod
    def failing() -> View:
        return example(proven=frozenset({Stage.BETA}))
