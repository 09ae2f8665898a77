"""What a product says of itself, in words."""

from __future__ import annotations

from collections.abc import Iterator

from mesh_dagster.model.contract import Property
from mesh_dagster.model.finding import Finding
from mesh_dagster.model.policy import Moment
from mesh_dagster.policies.examples import column, example, product
from mesh_dagster.policies.policy import Policy
from mesh_dagster.policies.standard.columns import columns_of, stated_contracts
from mesh_dagster.policies.standard.severities import NEEDED, WANTED
from mesh_dagster.policies.view import View

_UNSAID = frozenset({"", "-", "n/a", "na", "tbd", "tba", "todo", "fixme", "none", "unknown", "…"})
_OF_SCAFFOLD = "say in one sentence"


def _is_said(text: str | None) -> bool:
    plain = (text or "").strip().rstrip(".!?:").lower()
    return plain not in _UNSAID and not plain.startswith(_OF_SCAFFOLD)


class PurposeAndUse(Policy):
    """A product says what it is for, and names a use case, before anything leaves its domain.

    Data is shared because somebody needs it. Its purpose says in one sentence which question it
    answers; a use case (customProperty `useCases`) who needs it for what. In alpha neither is
    asked for.
    """

    id = "purpose-and-use-case"
    rationale = "What nobody needs is not served just in case."
    moments = frozenset({Moment.BUILD})
    severity = NEEDED

    def check(self, view: View) -> Iterator[Finding]:
        if not _is_said(view.product.purpose):
            yield self.finding(
                view,
                "it does not say what it is for",
                fix="description: {purpose: which question it answers, and for whom}",
            )
        if not any(_is_said(each) for each in view.product.use_cases):
            yield self.finding(
                view,
                "it names no use case",
                fix="customProperties: [{property: useCases, value: [what it is needed for]}]",
            )

    @staticmethod
    def passing() -> View:
        return example()

    @staticmethod
    def failing() -> View:
        return example(product(purpose=None, use_cases=()))


class ColumnsDescribed(Policy):
    """Every column is described, and so is what lies in one.

    Who reads it is of another domain, where the same word may mean something else: say what the
    column means, in which unit, and when it is empty. To repeat its name is no description.
    """

    id = "columns-described"
    rationale = "A product explains itself: nobody asks its team what a column means."
    moments = frozenset({Moment.BUILD})
    severity = WANTED

    def check(self, view: View) -> Iterator[Finding]:
        for port, contract in stated_contracts(view):
            for path, each in columns_of(contract):
                if told := _undescribed(path, each):
                    yield self.finding(
                        view,
                        told,
                        port=port,
                        where=each.where,
                        fix="description: what it means to somebody of another domain",
                    )

    @staticmethod
    def passing() -> View:
        return example()

    @staticmethod
    def failing() -> View:
        return example(columns=[column("amount", "number", description=None)])


def _undescribed(path: str, column: Property) -> str | None:
    if path.endswith("]") and not column.name:
        return None  # what a list holds is described where the list is
    if not _is_said(column.description):
        return f"the column `{path:.100}` is not described"
    words = "".join(letter for letter in (column.description or "").lower() if letter.isalnum())
    if words.removeprefix("the") == column.name.replace("_", "").lower():
        return f"the description of `{path:.100}` repeats its name"
    return None
