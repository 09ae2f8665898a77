"""Data about people: found, classified, and served without what not everybody may see."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mesh_dagster.model.contract import Contract, Property
from mesh_dagster.model.finding import Finding
from mesh_dagster.model.policy import Moment
from mesh_dagster.model.product import Stage
from mesh_dagster.model.types import Kind
from mesh_dagster.policies.examples import (
    COLUMNS,
    ORDERS,
    column,
    contract,
    described,
    example,
    output,
    product,
)
from mesh_dagster.policies.policy import Policy
from mesh_dagster.policies.standard.columns import Leaf, columns_of, open_leaves, stated_contracts
from mesh_dagster.policies.standard.severities import GUARDED, WANTED
from mesh_dagster.policies.view import View

_MASKED = "masked"
_EMAIL = column("email", classification="pii")
_CLASS = "classification: pii (or another class that is not open)"


class PersonalDataClassified(Policy):
    """Data that looks personal has a classification that is not open to everybody.

    It is found by looking: at the names of columns, and, before anything is published, at a sample
    of what was staged. E-mail addresses, telephone numbers, payment cards and bank accounts (by
    their check digits), licences, identity papers, names and dates of birth are recognised where
    many values of a column look like them. No value is told, kept or logged. Where it is no
    personal data, a waiver says so and who decided: `mesh waive`.
    """

    id = "personal-data-classified"
    rationale = "What nobody knows to be personal is protected by nobody."
    moments = frozenset({Moment.BUILD, Moment.PUBLISH})
    severity = GUARDED

    def check(self, view: View) -> Iterator[Finding]:
        samples = view.samples or {} if view.moment is Moment.PUBLISH else {}
        for port, stated in view.contracts.items():
            sample = samples.get(port, {})
            for table in stated.schema[:1]:
                for each in table.properties:
                    for leaf in open_leaves(each, sample.get(each.column, ())):
                        told = _looks(port, leaf, seen=each.column in sample)
                        if told is not None:
                            yield self._unclassified(view, port, leaf[1], told)

    def _unclassified(self, view: View, port: str, found: Property, told: str) -> Finding:
        stated = found.classification
        so_far = f"its classification is `{stated:.40}`" if stated else "it has no classification"
        message = f"{told}, and {so_far}"
        return self.finding(view, message, port=port, where=found.where, fix=_CLASS)

    @staticmethod
    def passing() -> View:
        return _with_emails("pii")

    @staticmethod
    def failing() -> View:
        return _with_emails(None)


class AllClassified(Policy):
    """Once one column of a port is personal or masked, every column has a classification.

    Where people are in the rows, a column that nobody classified is one that nobody looked at: a
    comment, a place or a time can tell who somebody is. `public` is a classification too. Personal
    is one with the word pii, spii, personal, phi, pci, gdpr, health, medical or biometric; that of
    a structure is that of all that lies in it.
    """

    id = "all-columns-classified"
    rationale = "What is left open beside personal data is open by decision."
    moments = frozenset({Moment.BUILD, Moment.LOAD})
    severity = GUARDED

    def check(self, view: View) -> Iterator[Finding]:
        for port, stated in stated_contracts(view):
            if any(each.classification or each.mask for _, each in columns_of(stated)):
                yield from self._of_port(view, port, stated)

    def _of_port(self, view: View, port: str, stated: Contract) -> Iterator[Finding]:
        from mesh_dagster.policies.standard.personal import personal_columns

        masked = [each.column for each in stated.table.properties if each.mask]
        guarded = [f"`{each}` is personal" for each in personal_columns(stated)]
        guarded += [f"`{each}` is masked" for each in masked]
        for each in stated.table.properties if guarded else ():
            for path in _unstated(each.name, each):
                yield self.finding(
                    view,
                    f"{guarded[0]}, and `{path}` has no classification",
                    port=port,
                    where=each.where,
                    fix="classification: public, or what it is",
                )

    @staticmethod
    def passing() -> View:
        return example(columns=[*COLUMNS, _EMAIL])

    @staticmethod
    def failing() -> View:
        return example(columns=[*COLUMNS, _EMAIL, column("comment", classification=None)])


class MaskedPort(Policy):
    """Where a port with confidential columns is shared, a masked one is shared as well.

    Most readers need the rows and not who is in them. With a mask for its confidential columns
    (custom property `mask`, or `access: {masks: ...}` in mesh.yaml by classification) a product
    has the port `masked`, physically apart, with rights of its own: nobody has to be given the
    whole because nothing else is there.
    """

    id = "masked-port-shared"
    rationale = "The least that a reader needs has to be there to be granted."
    moments = frozenset({Moment.BUILD})
    severity = WANTED

    def check(self, view: View) -> Iterator[Finding]:
        if _MASKED in view.contracts or "" not in view.contracts:
            return
        hidden = [each for _, each in columns_of(view.contracts[""]) if each.confidential]
        if hidden:
            names = ", ".join(f"`{each.name}`" for each in hidden[:3])
            yield self.finding(
                view,
                f"other domains can be granted {names}, and there is no port without them",
                where=hidden[0].where,
                fix="customProperties: [{property: mask, value: hash}] at each of these columns",
            )

    @staticmethod
    def passing() -> View:
        both = (output(ORDERS), output(ORDERS.with_port(_MASKED)))
        whole = contract(columns=[*COLUMNS, _EMAIL])
        return example(described(product(outputs=both), {"": whole}))

    @staticmethod
    def failing() -> View:
        return example(columns=[*COLUMNS, _EMAIL])


def _unstated(path: str, column: Property) -> Iterator[str]:
    """What of a column nobody classified; its own classification is that of all that is in it."""
    if column.classification:
        return
    parts = [(f"{path}.{each.name}", each) for each in column.properties]
    parts += [(f"{path}{mark}", each) for mark, each in column.elements]
    if not parts or not any(each.classification or each.parts for _, each in parts):
        yield path
    else:
        for name, each in parts:
            yield from _unstated(name, each)


def _looks(port: str, leaf: Leaf, *, seen: bool) -> str | None:
    """What personal data a column looks like; the name of a masked one says what it was."""
    from mesh_dagster.policies.standard.personal import look_of, name_of

    path, column, values = leaf
    name = "" if port == _MASKED else column.column or path.strip("[]").rpartition(".")[2]
    if seen:
        look = look_of(name, values)
        return look and f"{look[1]} of {look[2]} values of `{path}` look like {look[0]}"
    named = name_of(name) if _can_hold(column) else None
    return named and f"`{path}` is named like {named}"


def _can_hold(column: Property) -> bool:
    """Whether a column of its type can hold what its name says: no count or flag does."""
    return column.type is None or column.type.kind in (Kind.STRING, Kind.DATE)


def _with_emails(classification: str | None) -> View:
    values: dict[str, list[Any]] = {
        "order_id": [1, 2, 3],
        "placed_by": ["ada@company.example", "bo@company.example", "cy@company.example"],
    }
    placed_by = column("placed_by", classification=classification)
    return example(
        described(product(stage=Stage.BETA), {"": contract(columns=[*COLUMNS, placed_by])}),
        moment=Moment.PUBLISH,
        samples={"": values},
    )
