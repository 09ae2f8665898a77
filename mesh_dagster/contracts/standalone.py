"""A contract and data, and no mesh: what `mesh contract test` calls."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mesh_dagster.contracts.audit.history.drift import History, against
from mesh_dagster.contracts.audit.owned.answers import Around
from mesh_dagster.contracts.audit.run import audit
from mesh_dagster.contracts.audit.samples import failing_rows
from mesh_dagster.contracts.files.matching import (
    DataSet,
    Found,
    data_given,
    data_served,
    names_of,
)
from mesh_dagster.contracts.files.open import Engine, open_data
from mesh_dagster.contracts.files.opened import Opened
from mesh_dagster.contracts.files.servers import Server, place_of, server_named, servers
from mesh_dagster.contracts.files.spool import Spool
from mesh_dagster.contracts.reading import Read, read_contract
from mesh_dagster.contracts.rules.compile import masked, rules
from mesh_dagster.contracts.rules.kinds import Reference, Rule, Schema, Shape, Sql
from mesh_dagster.contracts.selection import Selection
from mesh_dagster.descriptors.source import shown_path
from mesh_dagster.errors import EvaluationError, MeshError, UsageError
from mesh_dagster.model.contract import Contract, SchemaObject
from mesh_dagster.model.finding import Finding, RuleResult, Severity, Verdict

if TYPE_CHECKING:
    import polars as pl

Progress = Callable[[str], None]


class ExtraColumns(StrEnum):
    """How bad a column is that the contract does not name, whatever that says of it."""

    ERROR = "error"
    WARNING = "warning"
    ALLOW = "allow"


@dataclass(frozen=True, slots=True)
class Options:
    """How to test: which engine, which rules, what beside counts is wanted."""

    server: str | None = None
    engine: Engine | None = None
    selection: Selection = field(default_factory=Selection)
    samples: int = 0
    extra_columns: ExtraColumns | None = None
    python: bool = False
    baseline: str | None = None


@dataclass(frozen=True, slots=True)
class Tested:
    """What came of one table. `error`: why none of its rules could be evaluated."""

    table: str
    data: str
    results: tuple[RuleResult, ...] = ()
    samples: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    error: MeshError | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a contract's test; `notes` and `findings` are told beside it."""

    contract: Contract
    tables: tuple[Tested, ...]
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """Failed before could not be evaluated, before a warning, before passed."""
        results = [each for table in self.tables for each in table.results]
        errors = [each for each in results if each.severity is Severity.ERROR]
        if any(each.verdict is Verdict.FAILED for each in errors):
            return Verdict.FAILED
        unread = any(table.error for table in self.tables)
        if unread or any(each.verdict is Verdict.ERROR for each in errors):
            return Verdict.ERROR
        if any(not each.holds for each in results):
            return Verdict.WARNED
        return Verdict.PASSED


def hold(
    path: Path,
    data: Sequence[str] = (),
    options: Options | None = None,
    progress: Progress | None = None,
) -> Report:
    """Hold data against a contract, each of its tables that has some.

    Without `data` it is what the contract's server (the only one, or the one that `options`
    name) has. Raises `DescriptorError` and `UsageError` for a contract or a call that cannot
    be used, `EvaluationError` where there is no data to read. What is wrong with the data of
    one table only is told in its place.
    """
    options = options or Options()
    read = read_contract(path)
    folder = path.absolute().parent
    found = _found(read.contract, data, options, folder)
    before = Found()
    if options.baseline is not None:
        server = found.sets[0].server if found.sets else None
        before = data_given(read.contract, [options.baseline], server)
    if not found.sets:
        raise UsageError("there is no data to test", code="MESH-C021", fix="--data PATH")
    with Spool(progress) as spool:
        bench = _Bench(
            read=read, found=found, before=before, options=options, spool=spool, folder=folder
        )
        gone = [Tested(name, "nothing", error=error) for name, error in found.absent.items()]
        order = {table.name: at for at, table in enumerate(read.contract.schema)}
        found.sets.sort(key=lambda each: order[each.table.name])
        tables = (*(bench.tested(each) for each in found.sets), *gone)
    options.selection.refuse_unused()
    return Report(read.contract, tables, read.findings, (*found.notes, *spool.notes))


def _found(contract: Contract, data: Sequence[str], options: Options, folder: Path) -> Found:
    known = servers(contract)
    if options.server is not None:
        server = server_named(contract, options.server)
        return data_given(contract, data, server) if data else data_served(contract, server, folder)
    if data:
        return data_given(contract, data, _describing(contract, known, data, folder))
    if len(known) == 1:
        return data_served(contract, known[0], folder)
    names = ", ".join(each.name for each in known)
    raise UsageError(
        f"which data? The contract has {len(known)} servers ({names})"
        if known
        else "which data? The contract has no server",
        code="MESH-C021",
        fix=f"--server {known[0].name}, or --data PATH" if known else "--data PATH",
    )


def _describing(
    contract: Contract, known: Sequence[Server], data: Sequence[str], folder: Path
) -> Server | None:
    """The server that describes data which is given: the one whose place it lies at."""
    given = {str(Path(each.partition("=")[2] or each).absolute()) for each in data}
    for server in known:
        try:
            places = place_of(server, contract.schema[0], folder)
        except MeshError:
            continue
        if given & {str(Path(each).absolute()) for each in places}:
            return server
    return known[0] if len(known) == 1 and _tells_how(known[0]) else None


def _tells_how(server: Server) -> bool:
    """Whether it says how its files are written, of whatever format they are."""
    return server.type.lower() in ("local", "custom") or server.format == "duckdb"


class _Bench:
    """The tables under test: each may refer to the others."""

    def __init__(
        self,
        *,
        read: Read,
        found: Found,
        before: Found,
        options: Options,
        spool: Spool,
        folder: Path,
    ) -> None:
        self.read, self.options, self.spool, self.folder = read, options, spool, folder
        self.before = {each.table.name: each for each in before.sets}
        self.sets = {each.table.name: each for each in found.sets}
        self.opened: dict[str, Opened | MeshError] = {}

    def open(self, name: str) -> Opened | MeshError:
        if name not in self.opened:
            try:
                data = self.sets[name]
                self.opened[name] = open_data(data, self.spool, self.options.engine)
            except EvaluationError as error:
                self.opened[name] = error
        return self.opened[name]

    def tested(self, data: DataSet) -> Tested:
        table, shown = data.table, _shown(data)
        opened = self.open(table.name)
        if isinstance(opened, MeshError):
            return Tested(table.name, shown, error=opened)
        self.spool.say(f"testing {table.name}")
        asked = self._rules(table, opened)
        chosen = [rule for rule in asked if self.options.selection.takes(rule, table)]
        kept = {rule.id: rule for rule in chosen}
        needed = [rule for rule in asked if rule.id in kept or isinstance(rule, Schema)]
        references = {rule.id: self._target(rule) for rule in needed if isinstance(rule, Reference)}
        around = self._around(table, needed)
        try:
            history = self._history(table, needed)
            results = _audited(needed, opened, references, around, history)
        except EvaluationError as error:
            return Tested(table.name, shown, error=error)
        results = tuple(each for each in results if each.rule in kept)
        results += tuple(_of_findings(self.read.findings, asked, table, self.read.contract))
        samples = {}
        if self.options.samples:
            samples = self._samples(table.name, results, kept, opened, references)
        return Tested(table.name, shown, results, samples)

    def _rules(self, table: SchemaObject, opened: Opened) -> tuple[Rule, ...]:
        found = rules(
            self.read.contract,
            table.name,
            standalone=True,
            texts=opened.is_text,
            server=self.options.server,
        )
        unsaid = {link.where for link in table.links if not link.severity_stated}
        return tuple(self._hardened(rule, unsaid) for rule in found)

    def _hardened(self, rule: Rule, unsaid: Collection[str | None]) -> Rule:
        """A key that leads nowhere is an error here, where no other domain can be late."""
        extra = self.options.extra_columns
        if isinstance(rule, Schema) and extra is not None:
            bad = None if extra is ExtraColumns.ALLOW else Severity(extra.value)
            return replace(rule, extra=bad)
        if isinstance(rule, Reference) and rule.target is None and rule.where in unsaid:
            return replace(rule, severity=Severity.ERROR)
        return rule

    def _around(self, table: SchemaObject, asked: Sequence[Rule]) -> Around:
        """The other tables, where a query may name them, and the owner's code if it may run."""
        tables: dict[str, Any] = {}
        if any(isinstance(rule, Sql) for rule in asked):
            others = [each for each in self.sets.values() if each.table is not table]
            for other in others:
                opened = self.open(other.table.name)
                if isinstance(opened, Opened):
                    tables |= dict.fromkeys(names_of(other.table), opened.data)
        return Around(tables, code=self.folder if self.options.python else None)

    def _history(self, table: SchemaObject, asked: Sequence[Rule]) -> History | None:
        """Each file of the baseline is an earlier state, the last by name the newest."""
        before = self.before.get(table.name)
        if before is None or not any(isinstance(rule, Shape) for rule in asked):
            return None
        states = [replace(before, paths=[path]) for path in reversed(before.paths)]
        frames = [open_data(each, self.spool, self.options.engine).data for each in states]
        return against(*frames)

    def _target(self, rule: Reference) -> Any:
        """The rows that a reference points to, or why there are none."""
        if rule.target is not None:
            return f"{rule.target} lies in a mesh, and this is a test without one"
        name = rule.target_object
        if name is None:
            return None
        target = self.read.contract.object_named(name)
        if target is None or target.name not in self.sets:
            return f"no data of {name} was given"
        opened = self.open(target.name)
        return opened.what if isinstance(opened, MeshError) else opened.data

    def _samples(
        self,
        table: str,
        results: Sequence[RuleResult],
        asked: Mapping[str, Rule],
        opened: Opened,
        references: Mapping[str, Any],
    ) -> dict[str, list[dict[str, Any]]]:
        hidden = masked(self.read.contract, table)
        found = {}
        for each in results:
            if each.failed and each.rule in asked and not each.holds:
                rows = failing_rows(
                    asked[each.rule],
                    opened.data,
                    limit=self.options.samples,
                    reference=references.get(each.rule),
                    raw=opened.raw,
                    schema=next(
                        (rule for rule in asked.values() if isinstance(rule, Schema)), None
                    ),
                    masked=hidden,
                )
                found[each.rule] = _plain(rows)
        return found


def _plain(rows: pl.DataFrame) -> list[dict[str, Any]]:
    try:
        return rows.to_dicts()
    except ValueError:  # Python knows no year before 1 and none after 9999
        import polars as pl

        return rows.with_columns(pl.selectors.temporal().cast(pl.String)).to_dicts()


def _audited(
    asked: Sequence[Rule],
    opened: Opened,
    references: Mapping[str, Any],
    around: Around,
    history: History | None,
) -> tuple[RuleResult, ...]:
    """The results; where a scan fails, the file and the line that it fails at."""
    given = {name: target for name, target in references.items() if target is not None}
    try:
        results = audit(
            asked,
            opened.data,
            references=given,
            raw=opened.raw,
            history=history,
            around=around,
        )
    except EvaluationError:
        if opened.diagnose:
            opened.diagnose()
        raise
    except Exception:
        raise
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt | SystemExit):
            raise
        raise EvaluationError(f"the engine gave up: {error}", code="MESH-C024") from error
    if opened.diagnose and any(each.verdict is Verdict.ERROR for each in results):
        opened.diagnose()
    return results


def _of_findings(
    findings: Sequence[Finding], asked: Sequence[Rule], table: SchemaObject, contract: Contract
) -> list[RuleResult]:
    """What the contract refers to and nobody can find: told where no rule tells it."""
    if table is not contract.schema[0]:
        return []
    known = {rule.where for rule in asked}
    return [
        RuleResult(
            rule=f"line_{(each.where or '').rpartition(':')[2]}_reference",
            kind="unsupported",
            verdict=Verdict.WARNED,
            severity=Severity.WARNING,
            message=each.message,
            dimension="consistency",
            where=each.where,
        )
        for each in findings
        if each.code == "MESH-D017" and each.where not in known
    ]


def _shown(data: DataSet) -> str:
    first = shown_path(data.paths[0])
    return first if len(data.paths) == 1 else f"{first} and {len(data.paths) - 1} more"
