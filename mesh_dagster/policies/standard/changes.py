"""How a product changes, and how it ends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from mesh_dagster.model.address import Address
from mesh_dagster.model.discovery import Facts, Told
from mesh_dagster.model.finding import Finding
from mesh_dagster.model.life import life_of
from mesh_dagster.model.policy import Moment
from mesh_dagster.model.product import Deprecation, Product, Stage, Status
from mesh_dagster.policies.examples import COLUMNS, NOW, described, example, product, reads
from mesh_dagster.policies.policy import Policy, since
from mesh_dagster.policies.standard.columns import stated_contracts
from mesh_dagster.policies.standard.severities import ADVISED, NEEDED
from mesh_dagster.policies.view import View
from mesh_dagster.registry.described import Described

_FREE = (Stage.DRAFT, Stage.ALPHA)
_ENDING = (Status.DEPRECATED, Status.RETIRED)


class BreakingChangeHasMajor(Policy):
    """What breaks readers is a new major.

    A contract is compared with what its domain last told the mesh: a column that goes, a type that
    narrows, a promise that is loosened may break who relied on it. Such a change takes a new major
    beside the old one, which its readers keep until they have moved. In alpha anything may change.
    `mesh contract diff` shows every change and what it takes.
    """

    id = "breaking-change-has-major"
    rationale = "Readers of a product decide themselves when they move on."
    moments = frozenset({Moment.BUILD})
    severity = NEEDED

    def check(self, view: View) -> Iterator[Finding]:
        before = view.before
        if before is None or not before.facts.publications:
            return  # nobody has read it yet
        if life_of(before.product) in _FREE:
            return
        for port, new in stated_contracts(view):
            old = before.contracts.get(port)
            if old is None or old == new:
                continue
            from mesh_dagster.contracts.evolution.diff import diff

            found = diff(old, new)
            for change in () if found.bumped else found.breaking:
                yield self.finding(
                    view,
                    f"{change.message}: that breaks who reads {found.before}, and takes "
                    f"{found.wanted}, not {found.after}",
                    port=port,
                    where=change.where,
                    fix=f"version: {found.wanted}, in a folder of its own beside this one",
                )

    @staticmethod
    def passing() -> View:
        return example(before=published())

    @staticmethod
    def failing() -> View:
        return example(columns=COLUMNS[:2], before=published())


class DeprecationWindow(Policy):
    """A product that ends says when, and leaves its readers time.

    `mesh deprecate ADDRESS --sunset DATE` writes the day. From when it is deprecated there are at
    least 30 days (option `days`) until then, so that every reader is told and can move.
    """

    id = "deprecation-window"
    rationale = "Nobody's product stops because another team cleaned up."
    moments = frozenset({Moment.BUILD})
    severity = since(Stage.DEPRECATED)
    options: Mapping[str, Any] = {"days": 30}

    def check(self, view: View) -> Iterator[Finding]:
        if view.product.status is not Status.DEPRECATED:
            return
        fix = f"mesh deprecate {view.address.path} --sunset {self._first(view)}"
        stated = view.product.deprecation
        if stated is None or stated.sunset is None:
            yield self.finding(view, "it is deprecated, and does not say until when", fix=fix)
            return
        told_before = view.before is not None and view.before.product.status in _ENDING
        left = (stated.sunset - view.today).days
        if not told_before and left < self.options["days"]:
            yield self.finding(
                view,
                f"it is to end on {stated.sunset}, in {left} days, and its readers have at least "
                f"{self.options['days']}",
                fix=fix,
            )

    def _first(self, view: View) -> date:
        return view.today + timedelta(days=self.options["days"])

    @staticmethod
    def passing() -> View:
        return example(_ending(90))

    @staticmethod
    def failing() -> View:
        return example(_ending(3))


class InputsLast(Policy):
    """A product does not read what is about to end.

    An input that is deprecated goes on being served until its last day, and no longer. Its
    descriptor says what there is instead.
    """

    id = "inputs-last"
    rationale = "To move in time is cheaper than to repair."
    moments = frozenset({Moment.BUILD})
    severity = ADVISED

    def check(self, view: View) -> Iterator[Finding]:
        for port in view.product.inputs:
            found = view.mesh.find(port.address) if port.address is not None else None
            if found is None or found.product.status not in _ENDING:
                continue
            ends = found.product.deprecation or Deprecation()
            until = f", and served until {ends.sunset}" if ends.sunset else ""
            yield self.finding(
                view,
                f"its input `{port.name}` reads {found.product.address.path}, which is "
                f"{found.product.status}{until}",
                where=port.where,
                fix=f"contractId: {ends.instead}" if ends.instead else "ask its team what to read",
            )

    @staticmethod
    def passing() -> View:
        return _reading(product(Address("crm", "customers", 1)))

    @staticmethod
    def failing() -> View:
        return _reading(_ending(90, Address("crm", "customers", 1)))


def published(of: Product | None = None) -> Described:
    """A product of which somebody may have read."""
    told = Told(1, NOW - timedelta(days=30), "publish", {"": 10})
    return replace(described(of), facts=Facts(publications=(told,)))


def _ending(days: int, *address: Address) -> Product:
    ends = Deprecation(sunset=NOW.date() + timedelta(days=days))
    return product(*address, status=Status.DEPRECATED, deprecation=ends)


def _reading(other: Product) -> View:
    return example(product(inputs=(reads("customers", other.address),)), others=[other])
