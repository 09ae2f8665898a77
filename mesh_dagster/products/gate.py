"""The publish gate: what passed its audit is published, what did not waits in quarantine.

It stands in front of the data and leans on nobody else's state: no check result that somebody
reports to Dagster opens it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mesh_dagster import clock
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.finding import RuleResult
from mesh_dagster.model.snapshot import Decision, Outcome, PublicationKind, Staged, StagedFile
from mesh_dagster.ports.publish import PortChange, Published, publish
from mesh_dagster.products.audit import audit_staged
from mesh_dagster.products.events import event_ranges
from mesh_dagster.products.layout import port_layout
from mesh_dagster.products.mesh import Mesh

Partition = str | None
_SERVED = (Outcome.PUBLISHED, Outcome.RELEASED)


@dataclass(frozen=True, slots=True)
class Gate:
    """What one attempt staged, and the state of the product when it began (`base`)."""

    mesh: Mesh
    loaded: LoadedProduct
    attempt: str
    base: int | None
    partitions: tuple[Partition, ...]
    staged: Mapping[str, Staged]

    def audit(self) -> tuple[RuleResult, ...]:
        """Every result of every rule, for each port and partition."""
        return audit_staged(self.mesh, self.loaded, self.staged, self.keys)

    @property
    def keys(self) -> tuple[str, ...] | None:
        """The partitions by key; None where the product has none."""
        return tuple(key for key in self.partitions if key is not None) or None

    def passed(self, results: Sequence[RuleResult]) -> tuple[Partition, ...]:
        """The partitions that no result blocks; one about all of them blocks them all."""
        blocked = {result.partition for result in results if result.blocks}
        return tuple(key for key in self.partitions if not blocked & {None, key})

    def publish(self, partitions: Sequence[Partition], kind: PublicationKind) -> Published:
        """Publish these partitions of all ports in one swap of the product's pointer."""
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
            contracts={port: each.version for port, each in self.loaded.contracts.items()},
        )

    def decisions(
        self,
        results: Sequence[RuleResult],
        outcomes: Mapping[Partition, Outcome],
        publication: int | None,
    ) -> tuple[Decision, ...]:
        """What became of each partition, with what its audit said and when its facts happened."""
        ranges = event_ranges(self.mesh, self.loaded, self.staged, self.partitions)
        return tuple(
            Decision(
                partition=key,
                outcome=outcomes[key],
                rows=sum(staged.of(key).rows for staged in self.staged.values()),
                results=tuple(each for each in results if each.partition in (None, key)),
                event_min=ranges[key][0],
                event_max=ranges[key][1],
                publication=publication if outcomes[key] in _SERVED else None,
            )
            for key in self.partitions
        )


def _files(staged: Staged, partitions: Sequence[Partition]) -> tuple[StagedFile, ...]:
    return tuple(file for file in staged.files if file.partition in partitions)
