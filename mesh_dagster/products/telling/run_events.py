"""Telling the lineage of a product: what an attempt did, gathered for the events that say so.

Events are made before the transaction that records what they tell of. Whatever keeps one from
being made is in the log and keeps nobody from publishing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from logging import getLogger
from typing import Any

from mesh_dagster import clock
from mesh_dagster.errors import (
    DescriptorError,
    EvaluationError,
    JournalError,
    MeshError,
    NeverPublished,
    UndeclaredInput,
    UsageError,
)
from mesh_dagster.journal import Journal
from mesh_dagster.lineage.compose import Composer
from mesh_dagster.lineage.routes import Routes
from mesh_dagster.lineage.told import Ended, Parent, Read, Run, Written
from mesh_dagster.model.address import Address
from mesh_dagster.model.contract import Contract
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.event import spelled
from mesh_dagster.model.lineage import ColumnLineage
from mesh_dagster.model.run_event import RunEvent, RunState
from mesh_dagster.model.snapshot import (
    Attempt,
    Decision,
    InputRead,
    Outcome,
    Publication,
    Staged,
    StagedFile,
)
from mesh_dagster.model.wiring import TransformKind
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.products.telling.source_code import source_code

_HARMLESS = (DescriptorError, JournalError, NeverPublished, UndeclaredInput, UsageError)
"""Errors whose text is of our own making: those of others may quote what they were reading."""

_AT_PORT = (Outcome.PUBLISHED, Outcome.RELEASED)
_MOST_NAMED = 5
Events = tuple[RunEvent, ...]


@dataclass
class Telling:
    """The events of one product. Each method gives none where lineage is switched off."""

    mesh: Mesh
    loaded: LoadedProduct
    columns: Mapping[str, ColumnLineage] = field(default_factory=dict)
    """What the columns of a port are made of, as far as it is known."""
    sql: str | None = None
    """What dbt made of the product's model."""

    @cached_property
    def routes(self) -> Routes:
        return Routes(self.mesh.config, self.loaded.domain)

    @cached_property
    def composer(self) -> Composer:
        transform = self.loaded.wiring.transform
        sql = None
        if transform.kind is TransformKind.SQL:
            with suppress(OSError, UnicodeDecodeError):
                sql = (self.loaded.folder / transform.name).read_text(encoding="utf-8")
        return Composer(
            self.loaded,
            self.routes,
            self.mesh.config.name,
            self.mesh.storage.url,
            code=source_code(self.loaded.folder),
            sql=sql,
        )

    def started(self, run: Run) -> Events:
        """An attempt begins."""
        return self._made(lambda: self.composer.started(run))

    def run_of(
        self,
        attempt: str,
        at: datetime,
        partitions: Sequence[str] | None,
        parent: Parent | None = None,
    ) -> Run:
        """The run that an attempt is."""
        keys, partitioning = tuple(partitions or ()), self.loaded.wiring.partitioning
        window = None
        if keys and partitioning is not None:
            # An old attempt may be of partitions that the product has no more.
            with suppress(MeshError):
                window = (partitioning.window(min(keys))[0], partitioning.window(max(keys))[1])
        return Run(attempt, at, self.composer.parent(parent), keys or None, window)

    def finished(
        self,
        run: Run,
        decisions: Sequence[Decision],
        reads: Iterable[InputRead],
        staged: Iterable[Staged],
        publication: Publication | None,
    ) -> Events:
        """An attempt's partitions are decided: published or not, or some of them."""

        def made() -> RunEvent:
            waiting = [each for each in decisions if each.outcome is Outcome.QUARANTINED]
            failed = bool(waiting) and publication is None
            how = Ended(
                at=clock.now() if publication is None else publication.at,
                reads=self._read(reads),
                written=self._written(decisions, staged, publication),
                error=_left(decisions, waiting) if failed else None,
                tags=_counts(decisions),
                publication=None if publication is None else publication.number,
                sql=self.sql,
            )
            return self.composer.ended(run, RunState.FAIL if failed else RunState.COMPLETE, how)

        return self._made(made)

    def failed(self, run: Run, error: BaseException, reads: Iterable[InputRead]) -> Events:
        """An attempt ended without an answer."""
        return self._without_data(run, RunState.FAIL, _said(error), reads)

    def gone(self, run: Run, reads: Iterable[InputRead]) -> Events:
        """An attempt's process died before it had published anything."""
        said = "the process died before it had published anything"
        return self._without_data(run, RunState.ABORT, said, reads)

    def rolled_back(self, publication: Publication) -> Events:
        """An earlier state is shown again: a run of its own, that reads nothing."""
        run = Run(publication.attempt, publication.at, partitions=publication.partitions)

        def made() -> RunEvent:
            written = [
                Written(
                    port,
                    publication.number,
                    rows=state.rows,
                    columns=self.columns.get(port),
                    metadata=state.metadata,
                )
                for port, state in publication.ports.items()
                if port in self.loaded.contracts
            ]
            number = publication.number
            tags = {"kind": publication.kind.value}
            how = Ended(publication.at, written=written, tags=tags, publication=number)
            return self.composer.ended(run, RunState.COMPLETE, how)

        return self.started(run) + self._made(made)

    def released(
        self, attempt: Attempt, decision: Decision, staged: Iterable[Staged], made_by: Publication
    ) -> Events:
        """What had waited is published after all: a run of its own, of what the attempt read."""
        key = decision.partition
        keys = None if key is None else (key,)
        run = self.run_of(made_by.id, made_by.at, keys)
        return self.started(run) + self.finished(run, [decision], attempt.reads, staged, made_by)

    def run_again(self, journal: Journal, attempt: Attempt) -> Run:
        """The run that a dead process had begun, with the parent that it had told of."""
        run = self.run_of(attempt.id, attempt.started_at, attempt.partitions)
        body = journal.deliveries.body(f"{attempt.id}:{RunState.START}")
        if body is None:
            return run
        parent = json.loads(body)["run"]["facets"].get("parent")
        return Run(run.id, run.at, parent, run.partitions, run.window)

    def _without_data(
        self, run: Run, state: RunState, said: str, reads: Iterable[InputRead]
    ) -> Events:
        def made() -> RunEvent:
            written = [Written(port, columns=self.columns.get(port)) for port in self._ports]
            at = clock.now()
            tags = {"outcome": "failed"}
            how = Ended(at, self._read(reads), written, said, tags, sql=self.sql)
            return self.composer.ended(run, state, how)

        return self._made(made)

    @property
    def _ports(self) -> tuple[str, ...]:
        return tuple(self.loaded.contracts)

    def _made(self, make: Callable[[], RunEvent]) -> Events:
        try:
            return (make(),) if self.routes.kept else ()
        except Exception as error:  # noqa: BLE001 (what is told must not hinder what is done)
            path = self.loaded.product.address.path
            told = "the lineage of %s could not be told: %s: %s"
            getLogger("mesh_dagster").warning(told, path, type(error).__name__, error)
            return ()

    def _read(self, reads: Iterable[InputRead]) -> list[Read]:
        return [Read(each, self._contract(each)) for each in reads]

    def _contract(self, read: InputRead) -> Contract | None:
        if read.address.startswith("source:"):
            return self.loaded.source_contracts.get(read.port)
        with suppress(MeshError, KeyError):
            address = Address.parse(read.address)
            return self.mesh.contract(address)
        return None

    def _written(
        self,
        decisions: Sequence[Decision],
        staged: Iterable[Staged],
        publication: Publication | None,
    ) -> list[Written]:
        results = [result for decision in decisions for result in decision.results]
        at_port = {each.partition for each in decisions if each.outcome in _AT_PORT}
        files = {
            each.port or "": [file for file in each.files if file.partition in at_port]
            for each in staged
        }
        return [
            Written(
                port,
                results=[each for each in results if (each.port or "") == port],
                columns=self.columns.get(port),
                **self._published(port, publication, files.get(port)),
            )
            for port in self._ports
        ]

    def _published(
        self,
        port: str,
        publication: Publication | None,
        files: Sequence[StagedFile] | None,
    ) -> dict[str, Any]:
        if publication is None:
            return {}
        state = publication.ports.get(port)
        counts = {}
        if files is not None:
            rows, size = sum(each.rows for each in files), sum(each.bytes for each in files)
            counts = {"rows": rows, "size": size, "files": len(files)}
        metadata = state.metadata if state else None
        first = publication.previous is None
        return {"version": publication.number, "first": first, "metadata": metadata, **counts}


def _counts(decisions: Iterable[Decision]) -> dict[str, str]:
    counts: dict[str, int] = {}
    for each in decisions:
        counts[each.outcome.value] = counts.get(each.outcome.value, 0) + 1
    return {outcome: str(count) for outcome, count in sorted(counts.items())}


def _left(decisions: Sequence[Decision], waiting: Sequence[Decision]) -> str:
    """What was quarantined and by which rules: of what was found not a word."""
    keys = [each.partition or "all of it" for each in waiting]
    blocking = (result.rule for each in decisions for result in each.results if result.blocks)
    rules = list(dict.fromkeys(blocking))
    return f"quarantined, not published: {_some(keys)}; rules that failed: {_some(rules)}"


def _some(names: Sequence[str]) -> str:
    return spelled(names, _MOST_NAMED) or "none"


def _said(error: BaseException) -> str:
    """An error for everybody: what another's code says may quote what it was reading."""
    if isinstance(error, MeshError):
        where = f" at {error.where}" if error.where else ""
        if isinstance(error, _HARMLESS):
            return f"{error.code} {error.what}{where}"
        named = type(error).__name__ if type(error) is not EvaluationError else "not evaluated"
        return f"{error.code} {named}{where}: the log of the run says more"
    return f"{type(error).__name__}: the log of the run says more"
