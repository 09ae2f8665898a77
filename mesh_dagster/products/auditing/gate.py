"""The publish gate: what passed its audit is published, what did not waits in quarantine.

It stands in front of the data and leans on nobody else's state: no check result that somebody
reports to Dagster opens it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from mesh_dagster import clock
from mesh_dagster.errors import StorageError
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.finding import RuleResult
from mesh_dagster.model.snapshot import (
    Decision,
    Outcome,
    Publication,
    PublicationKind,
    Staged,
    StagedFile,
)
from mesh_dagster.ports import pointer
from mesh_dagster.ports.change import PortChange
from mesh_dagster.ports.publish import Published, publish
from mesh_dagster.ports.seal import sealed
from mesh_dagster.products.auditing.audit import audit_staged
from mesh_dagster.products.auditing.events import event_ranges
from mesh_dagster.products.auditing.layout import port_layout
from mesh_dagster.products.auditing.masking import published_versions
from mesh_dagster.products.auditing.promises import asks_elsewhere
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.reviews.waivers import NO_WAIVERS, Waivers

Partition = str | None
Log = Callable[[str], None]

MOST_AUDITS = 50


@dataclass(frozen=True, slots=True)
class Decided:
    """What an audit said, what became of each partition, and the publication if there is one."""

    results: Sequence[RuleResult]
    outcomes: Mapping[Partition, Outcome]
    publication: Publication | None


@dataclass(frozen=True, slots=True)
class Gate:
    """What one attempt staged, the state of the product when it began (`base`), and which rules
    its owners let not block. `policies` are asked beside the contract, where there are any."""

    mesh: Mesh
    loaded: LoadedProduct
    attempt: str
    base: int | None
    partitions: tuple[Partition, ...]
    staged: Mapping[str, Staged]
    waivers: Waivers = NO_WAIVERS
    policies: Callable[[], Sequence[RuleResult]] | None = None

    def decide(self, kind: PublicationKind, log: Log = lambda line: None) -> Decided:
        """Audit, and publish what passes, in one swap of the product's pointer.

        What others publish meanwhile is audited against too, where a rule asks for the rest of
        the port: of two partitions that share a key the second does not pass.
        """
        for _ in range(MOST_AUDITS):
            state = pointer.current(self.mesh.storage, self.loaded.product.address)
            results = self.audit(state)
            passed = self.passed(results)
            then = "publishing" if passed else "nothing to publish"
            log(f"{len(passed)} of {len(self.partitions)} passed; {then}")
            published = self._publish(passed, kind, state) if passed else Published(None)
            if not published.stale:
                outcomes = dict.fromkeys(self.partitions, Outcome.QUARANTINED)
                outcomes.update(dict.fromkeys(passed, Outcome.PUBLISHED))
                outcomes.update(dict.fromkeys(published.superseded, Outcome.SUPERSEDED))
                return Decided(results, outcomes, published.publication)
        path = self.loaded.product.address.path
        raise StorageError(
            f"{path} could not be audited: others published {MOST_AUDITS} times meanwhile",
            code="MESH-M070",
            fix=f"run fewer attempts of {path} at once, then run it again",
        )

    def audit(self, state: Publication | None) -> tuple[RuleResult, ...]:
        """Every result of every rule, for each port and partition, on top of a state."""
        said = audit_staged(self.mesh, self.loaded, self.staged, self.keys, state)
        return said if self.policies is None else (*said, *self.policies())

    @property
    def keys(self) -> tuple[str, ...] | None:
        """The partitions by key; None where the product has none."""
        return tuple(key for key in self.partitions if key is not None) or None

    def passed(self, results: Sequence[RuleResult]) -> tuple[Partition, ...]:
        """The partitions that no result blocks; one about all of them blocks them all."""
        blocking = _by_partition(each for each in results if each.blocks)
        return tuple(
            key
            for key in self.partitions
            if not any(each.blocks for each in self.waivers.marked(_about(blocking, key), key))
        )

    def sealed(self, decided: Decided) -> list[Staged]:
        """What was staged, with the checksums of the files that wait in quarantine now.

        What is derived has none: it is made anew when they are let go.
        """
        waiting = {key for key, each in decided.outcomes.items() if each is Outcome.QUARANTINED}
        product = self.loaded.product.address
        return [
            each if self.loaded.derives(port) else sealed(self.mesh.storage, product, each, waiting)
            for port, each in self.staged.items()
        ]

    def decisions(self, decided: Decided) -> tuple[Decision, ...]:
        """What became of each partition, with what its audit said and when its facts happened."""
        ranges = event_ranges(self.mesh, self.loaded, self.staged, self.partitions)
        number = decided.publication.number if decided.publication else None
        rows = Counter[Partition]()
        for port, staged in self.staged.items():
            for file in () if self.loaded.derives(port) else staged.files:
                rows[file.partition] += file.rows
        said = _by_partition(decided.results)
        return tuple(
            Decision(
                partition=key,
                outcome=decided.outcomes[key],
                rows=rows[key],
                results=tuple(self.waivers.marked(_about(said, key), key)),
                event_min=ranges[key][0],
                event_max=ranges[key][1],
                publication=number if decided.outcomes[key] is Outcome.PUBLISHED else None,
            )
            for key in self.partitions
        )

    def _publish(
        self, partitions: Sequence[Partition], kind: PublicationKind, state: Publication | None
    ) -> Published:
        def unchanged(newest: Publication | None) -> bool:
            return newest == state

        changes = {
            port: PortChange(
                port_layout(self.loaded, port),
                Staged(staged.attempt, staged.port, _files(staged, partitions)),
            )
            for port, staged in self.staged.items()
        }
        return publish(
            self.mesh.storage,
            self.loaded.product.address,
            changes,
            partitions=tuple(key for key in partitions if key is not None) or None,
            attempt=self.attempt,
            base=self.base,
            kind=kind,
            at=clock.now(),
            contracts=published_versions(self.loaded),
            still=unchanged if self.keys and asks_elsewhere(self.loaded) else None,
        )


def _by_partition(results: Iterable[RuleResult]) -> dict[Partition, list[RuleResult]]:
    found = defaultdict[Partition, list[RuleResult]](list)
    for each in results:
        found[each.partition].append(each)
    return found


def _about(said: Mapping[Partition, list[RuleResult]], key: Partition) -> list[RuleResult]:
    """What was said of a partition, and of all of them."""
    of_all = said.get(None, [])
    return of_all if key is None else of_all + said.get(key, [])


def _files(staged: Staged, partitions: Sequence[Partition]) -> tuple[StagedFile, ...]:
    wanted = frozenset(partitions)
    return tuple(file for file in staged.files if file.partition in wanted)
