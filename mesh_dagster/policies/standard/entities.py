"""Entities that several domains know, each in its own way (polysemes)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from weakref import WeakKeyDictionary

from mesh_dagster.model.address import Address
from mesh_dagster.model.finding import Finding
from mesh_dagster.model.policy import Moment
from mesh_dagster.policies.around import EntityUse, MeshView
from mesh_dagster.policies.examples import COLUMNS, column, contract, described, example, product
from mesh_dagster.policies.policy import Policy
from mesh_dagster.policies.standard.columns import stated_columns
from mesh_dagster.policies.standard.severities import WANTED
from mesh_dagster.policies.view import View

_AGREED: WeakKeyDictionary[MeshView, dict[str, Mapping[str, EntityUse]]] = WeakKeyDictionary()
"""What was found of a mesh: it is asked for every column of every product."""


class EntitiesTypedAlike(Policy):
    """The key of an entity has one type across the mesh.

    Domains may well know an entity differently, and each keeps its own model of it; what they
    share is its key (the custom property `entity` of a column), so that rows of one can be joined
    to rows of another. The type that counts is that of the product whose primary key it is, else
    the one that most products have.
    """

    id = "entities-typed-alike"
    rationale = "What cannot be joined stays two islands."
    moments = frozenset({Moment.BUILD})
    severity = WANTED

    def check(self, view: View) -> Iterator[Finding]:
        for port, each in stated_columns(view):
            entity = (each.entity or "").strip().lower()
            if not entity or each.type is None:
                continue
            agreed = _agreed(view.mesh, entity)
            if not agreed or str(each.type) in agreed:
                continue
            home = next(iter(agreed.values()))
            yield self.finding(
                view,
                f"the column `{each.name}` is the key of {entity}, as {each.type}; it is "
                f"{home.column.type} in {home.port.path}",
                port=port,
                where=each.where,
                fix=f"store it as {home.column.type}, like {home.port.path}.{home.column.column}",
            )

    @staticmethod
    def passing() -> View:
        return _with_customers("string")

    @staticmethod
    def failing() -> View:
        return _with_customers("integer")


def _agreed(mesh: MeshView, entity: str) -> Mapping[str, EntityUse]:
    """The types by which the keys of an entity go, each with a column that has it.

    There are several where as many products have the one as the other.
    """
    known = _AGREED.setdefault(mesh, {})
    if entity not in known:
        uses = mesh.entities.get(entity, ())
        known[entity] = _types_of([each for each in uses if each.column.type is not None])
    return known[entity]


def _types_of(uses: Sequence[EntityUse]) -> Mapping[str, EntityUse]:
    keyed = [each for each in uses if each.column.primary_key is not None and each.column.unique]
    among = keyed or [each for each in uses if each.column.primary_key == 1] or uses
    counted = Counter(str(each.column.type) for each in among)
    most = max(counted.values(), default=0)
    common = sorted(kind for kind, times in counted.items() if times == most)
    return {kind: next(each for each in among if str(each.column.type) == kind) for kind in common}


def _with_customers(kind: str) -> View:
    customers = Address("crm", "customers", 1)
    keyed = column("customer_id", unique=True, required=True, primary_key=1, entity="customer")
    home = described(product(customers), {"": contract(customers, [keyed])})
    return example(columns=[*COLUMNS, column("customer", kind, entity="customer")], others=[home])
