"""Write, audit, publish: one attempt at making a product's data (design section 6).

A transform only *stages*; the contract *audits* what was staged; only a pass *publishes* it.
Each partition is decided by itself, all ports of the product together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from importlib import import_module
from threading import Thread
from typing import TYPE_CHECKING

from mesh_dagster import clock
from mesh_dagster.errors import MeshError, UsageError
from mesh_dagster.journal import Journal
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.snapshot import Attempt, InputRead, PublicationKind, Staged
from mesh_dagster.ports import pointer
from mesh_dagster.ports.stage import stage
from mesh_dagster.products.auditing.clean import clean_after, discard_staged
from mesh_dagster.products.auditing.layout import port_layout
from mesh_dagster.products.auditing.waivers import waivers_of
from mesh_dagster.products.deciding.heal import heal, leave, publication_of
from mesh_dagster.products.governing.gate import policies_at_gate
from mesh_dagster.products.governing.ledger import note_gate
from mesh_dagster.products.making.column_lineage import compiled_sql, find_columns
from mesh_dagster.products.making.inputs import open_inputs
from mesh_dagster.products.making.transform import Transform, Window, blaming, transformed
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.products.reading.retired import refuse_making
from mesh_dagster.products.telling.describe import announce
from mesh_dagster.products.telling.published import refuse_broken
from mesh_dagster.products.telling.run_events import Telling

if TYPE_CHECKING:
    from mesh_dagster.lineage.told import Parent, Run
    from mesh_dagster.products.auditing.gate import Log


def materialize(
    mesh: Mesh,
    loaded: LoadedProduct,
    *,
    partitions: Sequence[str] | None = None,
    transform: Transform | None = None,
    run_id: str | None = None,
    parent: Parent | None = None,
    log: Log = lambda line: None,
) -> Attempt:
    """Make, audit and publish a product, or those of its partitions that are named.

    `parent` is the run of Dagster that lineage names as this one's. `transform` stands in for the
    product's own file where something else does the work. What breaks the contract is an outcome
    in the attempt that comes back (`quarantined`), not an exception; an `EvaluationError` means
    that no answer was reached and nothing was published.
    Raises `DescriptorError` for a contract that breaks what its major has promised, `UsageError`
    for a product that is retired.
    """
    window = window_of(loaded, partitions)
    refuse_making(loaded.product)
    refuse_broken(mesh, loaded)
    with mesh.journal(loaded.product.address.domain) as journal:
        heal(mesh, loaded, journal)
        making = _Making(mesh, loaded, journal, window, log, parent)
        making.begin(run_id)
        try:
            making.make(transform)
        except BaseException as error:
            making.give_up(error)
            raise
        clean_after(mesh, loaded, journal)
        announce(mesh, loaded)
        return journal.attempt(making.attempt)


def window_of(loaded: LoadedProduct, partitions: Sequence[str] | None) -> Window:
    """The window that a call names. Raises `UsageError` where it does not fit the product."""
    partitioning, path = loaded.wiring.partitioning, loaded.product.address.path
    if partitioning is None:
        if partitions:
            raise UsageError(f"{path} has no partitions; {', '.join(partitions)} was asked for")
        return Window()
    if not partitions:
        raise UsageError(
            f"{path} is made by partitions, one a {partitioning.every}, and none was named",
            fix=f"mesh run {path} --partition {partitioning.key_of(clock.now())}",
        )
    for key in partitions:
        partitioning.window(key)
    return Window(tuple(sorted(set(partitions))), partitioning)


@dataclass
class _Making:
    """One attempt, from its beginning to its record."""

    mesh: Mesh
    loaded: LoadedProduct
    journal: Journal
    window: Window
    log: Log
    parent: Parent | None = None
    attempt: str = field(default_factory=clock.new_id)
    base: int | None = None
    started_at: datetime = field(default_factory=clock.now)
    watch: clock.Stopwatch = field(default_factory=clock.Stopwatch)
    reads: tuple[InputRead, ...] = ()

    @cached_property
    def telling(self) -> Telling:
        return Telling(self.mesh, self.loaded)

    @cached_property
    def run(self) -> Run:
        return self.telling.run_of(self.attempt, self.started_at, self.window.keys, self.parent)

    def begin(self, run_id: str | None) -> None:
        product = self.loaded.product.address
        current = pointer.current(self.mesh.storage, product)
        self.base = None if current is None else current.number
        self.journal.begin(
            product.path,
            self.attempt,
            started_at=self.started_at,
            run_id=run_id,
            base=self.base,
            partitions=self.window.keys or None,
            lineage=self.telling.started(self.run),
        )

    def make(self, transform: Transform | None) -> None:
        inputs, self.reads = open_inputs(self.mesh, self.loaded, self.window)
        self.journal.read(self.attempt, self.reads)
        if self.loaded.source_contracts:
            from mesh_dagster.products.making.source_contracts import hold_sources

            held = hold_sources(self.mesh, self.loaded, self.journal, self.log)
            self.reads = tuple(
                replace(each, columns=held.get(each.port, each.columns)) for each in self.reads
            )
            self.journal.read(self.attempt, [each for each in self.reads if each.port in held])
        opened = transformed(self.loaded, inputs, self.window, transform)
        with opened as frames, _importing_the_gate():
            self.telling.sql = compiled_sql(frames)
            staged = self._stage(frames)
            self.telling.columns = find_columns(
                self.loaded,
                inputs,
                self.reads,
                frames,
                journal=self.journal,
                attempt=self.attempt,
            )
        if self.loaded.masks:
            from mesh_dagster.products.auditing.masking import with_masked

            staged = with_masked(
                self.mesh,
                self.loaded,
                staged.values(),
                self.window.keys or None,
                self.started_at,
            )
        from mesh_dagster.products.auditing.gate import Gate

        self.journal.staged(self.attempt, list(staged.values()))
        keys = self.window.keys or (None,)
        waivers = waivers_of(self.journal, self.loaded)
        asked = policies_at_gate(self.mesh, self.loaded, staged, self.reads, self.telling.columns)
        gate = Gate(self.mesh, self.loaded, self.attempt, self.base, keys, staged, waivers, asked)
        rows = sum(each.rows for port, each in staged.items() if not self.loaded.derives(port))
        self.log(f"staged {rows:,} rows; auditing")
        decided = gate.decide(PublicationKind.MATERIALIZATION, self.log)
        decisions = gate.decisions(decided)
        self.journal.finish(
            self.attempt,
            decisions,
            staged=gate.sealed(decided),
            seconds=self.watch.seconds,
            publication=decided.publication,
            lineage=self.telling.finished(
                self.run, decisions, self.reads, staged.values(), decided.publication
            ),
        )
        if asked is not None:
            note_gate(self.mesh, self.journal, self.loaded, decided.results)

    def give_up(self, error: BaseException) -> None:
        """Record the failure and drop what was staged, unless it is published already.

        Published and not recorded is what the next `heal` puts right, and so is what neither
        storage nor the journal would tell now: files are not discarded blindly.
        """
        with suppress(MeshError):
            if publication_of(self.mesh, self.loaded, self.attempt, self.base) is None:
                discard_staged(self.mesh, self.loaded, self.attempt)
                said = f"{type(error).__name__}: {error}"
                told = self.telling.failed(self.run, error, self.reads)
                self.journal.fail(self.attempt, said, lineage=told)
                return
        leave(self.attempt)

    def _stage(self, frames: Mapping[str, object]) -> dict[str, Staged]:
        with blaming(self.loaded.folder):
            return {
                port: stage(
                    self.mesh.storage,
                    self.loaded.product.address,
                    port_layout(self.loaded, port),
                    frame,
                    attempt=self.attempt,
                    partitions=self.window.keys or None,
                    recorded_at=self.started_at,
                )
                for port, frame in frames.items()
            }


@contextmanager
def _importing_the_gate() -> Iterator[None]:
    """What only audit and publish need takes half a second to import: Polars stages meanwhile."""
    importing = Thread(target=import_module, args=("mesh_dagster.products.auditing.gate",))
    importing.start()
    try:
        yield
    finally:
        importing.join()
