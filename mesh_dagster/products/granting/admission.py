"""Asked before each reading: may he? And kept on the record, whatever the answer is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from logging import getLogger
from typing import TYPE_CHECKING

from mesh_dagster import clock
from mesh_dagster.access.decision import Guarded, Reader, decide
from mesh_dagster.descriptors.masked import masked_from
from mesh_dagster.errors import AccessDenied, JournalError, MeshError
from mesh_dagster.model.access import AccessDecision, AuditEntry
from mesh_dagster.model.address import Address
from mesh_dagster.model.contract import RECORDED_AT
from mesh_dagster.model.mask import MASKED
from mesh_dagster.model.principal import Principal
from mesh_dagster.ports.sql import table_of
from mesh_dagster.products.granting import audit
from mesh_dagster.products.granting.guarding import guarded
from mesh_dagster.products.granting.objecting import Wanted, objection
from mesh_dagster.products.granting.who import ledger_domain, named_by
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.registry.described import Described

if TYPE_CHECKING:
    from mesh_dagster.ports.open import PortData

_WHOLE = ("own-domain", "granted")
NOTHING = Wanted()
"""Of a reading nothing is said."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What is about to be read of a port. `columns` None: all of them."""

    port: Address
    publication: int
    columns: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What was decided about one port, for whom."""

    reader: Reader
    guarded: Guarded
    decision: AccessDecision
    named: frozenset[str] | None = None
    """The columns that its contract names; None: nobody can tell."""

    @property
    def by(self) -> Principal:
        """As whom he reads: the one that a grant names, where it is by a grant."""
        for each in self.guarded.rights:
            if each.id == self.decision.grant and each.principal in self.reader.principals:
                return each.principal
        return self.reader.principal

    @property
    def purpose(self) -> str | None:
        """What the grant is for."""
        for each in self.guarded.rights:
            if self.decision.allowed and each.id == self.decision.grant:
                return each.purpose
        return None


@dataclass(frozen=True, slots=True)
class Admission:
    """Somebody was let in to some ports. `note` keeps what he reads, before he has it."""

    mesh: Mesh
    answers: Mapping[Address, Answer]
    means: str
    wanted: Wanted = NOTHING

    def narrowed(self, port: Address, data: PortData) -> PortData:
        """What was opened of a port, with the columns alone that the reader gets.

        What the contract does not name, as what it named once, nobody knows the class of: so it is
        for the port's own domain, and for those to whom the port was granted.
        """
        answer = self.answers[port]
        if answer.named is None or answer.decision.rule in _WHOLE:
            return data
        shown = {name: data.schema[name] for name in data.schema if name in answer.named}
        if len(shown) == len(data.schema):
            return data
        return replace(data, schema=type(data.schema)(shown))

    def note(self, seen: Sequence[Seen]) -> None:
        """Keep on the record what is read now.

        Where that cannot be written, what is confidential is not read: raises `JournalError`.
        """
        kept = [(self.answers[each.port], each) for each in seen]
        try:
            _keep(self.mesh, kept, self.means, self.wanted)
        except JournalError as error:
            if any(answer.guarded.confidential for answer, _ in kept):
                raise
            getLogger("mesh_dagster").warning("a reading is not on the record: %s", error.what)


def answer_for(mesh: Mesh, reader: Reader, port: Address, wanted: Wanted = NOTHING) -> Answer:
    """What is decided about a port, which nobody reads for that. Raises `StorageError`."""
    found, described = guarded(mesh, port)
    if described is not None and port.domain not in mesh.domain_names:
        reader = named_by(reader, described.product)
    if described is not None:
        found = replace(found, objection=objection(mesh, reader, port, described, wanted))
    now, answer = clock.now(), None
    for purpose in wanted.stated.get(port, ()) or (None,):
        stated = replace(found, purpose=purpose)
        answer = Answer(reader, stated, decide(reader, stated, now), _named(port, described))
        if not answer.decision.allowed:
            break
    assert answer is not None  # noqa: S101 (there is at least one purpose)
    return answer


def _named(port: Address, described: Described | None) -> frozenset[str] | None:
    contract = described.contracts.get(port.port or "") if described else None
    if contract is None or not contract.schema:
        return None
    return frozenset({*(each.column for each in contract.table.properties), RECORDED_AT})


def admit(
    mesh: Mesh,
    reader: Reader,
    ports: Sequence[Address],
    means: str,
    wanted: Wanted = NOTHING,
) -> Admission:
    """Let somebody in to ports, each of them or none.

    `ports` are resolved; `wanted` is what he reads them for. Raises `AccessDenied` for the first
    that he may not read, with every refusal on the record; `StorageError` where who may cannot be
    asked.
    """
    answers = {port: answer_for(mesh, reader, port, wanted) for port in dict.fromkeys(ports)}
    refused = [each for each in answers.values() if not each.decision.allowed]
    if refused:
        try:
            _keep(mesh, [(each, None) for each in refused], means, wanted)
        except JournalError as error:
            getLogger("mesh_dagster").warning("a refusal is not on the record: %s", error.what)
        raise _denied(refused[0], _masked_beside(mesh, reader, refused[0], means, wanted))
    return Admission(mesh, answers, means, wanted)


def _masked_beside(
    mesh: Mesh, reader: Reader, refused: Answer, means: str, wanted: Wanted
) -> str | None:
    """How somebody reads what he may of a port: the masked one beside it, where he may that."""
    port = refused.guarded.port
    masked = port.with_port(MASKED)
    if port.port is not None:
        return None
    with suppress(MeshError):
        stated = replace(wanted, columns={}, stated={masked: wanted.stated.get(port, ())})
        contract = mesh.described(masked).contracts.get(MASKED)
        if contract is not None and masked_from(contract) is not None:
            if not answer_for(mesh, reader, masked, stated).decision.allowed:
                return None
            return (
                f"read {masked} instead"
                if "/" in means
                else f"mesh query 'select * from {table_of(masked)}'"  # noqa: S608 (a message)
            )
    return None


def _denied(answer: Answer, masked: str | None) -> AccessDenied:
    decision = answer.decision
    fixes = [each for each in (masked, decision.fix) if each is not None]
    return AccessDenied(
        f"{answer.by} may not read {answer.guarded.port.path}: {decision.reason}",
        rule=decision.rule,
        fix="; or ".join(fixes) or None,
    )


def _keep(
    mesh: Mesh,
    kept: Sequence[tuple[Answer, Seen | None]],
    means: str,
    wanted: Wanted,
) -> None:
    by_log: dict[str | None, list[AuditEntry]] = {}
    for answer, seen in kept:
        domain = ledger_domain(mesh, answer.reader, answer.guarded.port, answer.by)
        entry = AuditEntry(
            number=0,
            at=clock.now(),
            principal=answer.by,
            identity=answer.reader.identity,
            port=answer.guarded.port,
            publication=seen.publication if seen else None,
            columns=seen.columns if seen else None,
            purpose=wanted.purpose_of(answer.guarded.port, answer.purpose),
            means=means,
            allowed=answer.decision.allowed,
            reason=f"{answer.decision.rule}: {answer.decision.reason}",
        )
        by_log.setdefault(domain, []).append(entry)
    for domain, entries in by_log.items():
        audit.append(mesh, domain, entries)
