"""What a column is goes with it into every product that copies it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mesh_dagster.model.address import Address
from mesh_dagster.model.contract import Property
from mesh_dagster.model.discovery import Facts
from mesh_dagster.model.finding import Finding
from mesh_dagster.model.lineage import ColumnLineage, InputColumn, Use
from mesh_dagster.model.policy import Moment
from mesh_dagster.policies.examples import (
    COLUMNS,
    column,
    contract,
    described,
    example,
    product,
    reads,
)
from mesh_dagster.policies.policy import Policy
from mesh_dagster.policies.standard.columns import is_closed, stated_contracts
from mesh_dagster.policies.standard.severities import GUARDED
from mesh_dagster.policies.view import View

_CUSTOMERS = Address("crm", "customers", 1)


class ClassificationCarried(Policy):
    """A copy of a personal column is classified as well.

    Which columns a column is made of is known from the newest run (`mesh lineage ADDRESS.COLUMN`).
    One that is copied as it is from a column that its owner classified as personal has to have a
    classification of its own that is not open; so where personal data may flow is known further
    down the lineage, too. What is counted, generalised or hashed on the way is for its owner to
    classify.
    """

    id = "classification-carried"
    rationale = "Personal data does not become anybody's by being copied."
    moments = frozenset({Moment.BUILD})
    severity = GUARDED

    def check(self, view: View) -> Iterator[Finding]:
        made = view.before.facts.columns if view.before is not None else {}
        for port, stated in stated_contracts(view):
            lineage = made.get(port)
            if lineage is None or not stated.schema:
                continue
            for each in stated.table.properties:
                copied = None if is_closed(each) else _personal_source(view, lineage, each)
                if copied is not None:
                    yield self.finding(
                        view,
                        f"`{each.name}` is a copy of `{copied.column}` of "
                        f"{copied.address and copied.address.path}, which is personal, and is open",
                        port=port,
                        where=each.where,
                        fix="classification: pii, or what it is called there",
                    )

    @staticmethod
    def passing() -> View:
        return _copying("pii")

    @staticmethod
    def failing() -> View:
        return _copying("public")


def _personal_source(view: View, lineage: ColumnLineage, column: Property) -> InputColumn | None:
    """The personal column that one is a copy of."""
    for used in lineage.columns.get(column.column) or ():
        if used.use is Use.IDENTITY and used.address is not None and _is_personal(view, used):
            return used
    return None


def _is_personal(view: View, used: InputColumn) -> bool:
    from mesh_dagster.policies.standard.personal import personal_columns

    address = used.address
    source = view.mesh.find(address) if address is not None else None
    if source is None or address is None:
        return False
    held = source.contracts.get(address.port or "")
    found = held.table.find(used.column) if held and held.schema else None
    return held is not None and found is not None and found.column in personal_columns(held)


def _copying(classification: str) -> View:
    email = column("email", classification="pii")
    home = described(product(_CUSTOMERS), {"": contract(_CUSTOMERS, [*COLUMNS, email])})
    used = InputColumn(_CUSTOMERS, "email", Use.IDENTITY)
    made = Facts(columns={"": ColumnLineage({"placed_by": (used,)})})
    placed_by = column("placed_by", classification=classification)
    return example(
        product(inputs=(reads("customers", _CUSTOMERS),)),
        columns=[*COLUMNS, placed_by],
        others=[home],
        before=replace(described(), facts=made),
    )
