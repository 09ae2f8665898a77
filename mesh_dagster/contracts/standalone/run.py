"""Hold data against a contract: the tables one after the other, each by all rules asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mesh_dagster.contracts.audit.history.drift import History
from mesh_dagster.contracts.audit.owned.answers import Around
from mesh_dagster.contracts.audit.run import audit
from mesh_dagster.contracts.files.matching import DataSet, FoundData, data_given
from mesh_dagster.contracts.files.opened import Opened
from mesh_dagster.contracts.files.spool import Progress, Spool
from mesh_dagster.contracts.reading import ReadContract, read_contract
from mesh_dagster.contracts.rules.compile import rules
from mesh_dagster.contracts.rules.kinds import Reference, Rule, Schema, Unsupported
from mesh_dagster.contracts.standalone.asked import ExtraColumns, Options
from mesh_dagster.contracts.standalone.data import data_to_test
from mesh_dagster.contracts.standalone.report import Report, Tested
from mesh_dagster.contracts.standalone.rows import Rows, Sampler
from mesh_dagster.contracts.standalone.tables import Tables
from mesh_dagster.descriptors.source import shown_path
from mesh_dagster.errors import EvaluationError, MeshError
from mesh_dagster.model.contract import SchemaObject
from mesh_dagster.model.finding import Finding, RuleResult, Severity, Verdict

_NOT_THERE = "MESH-D017"
"""What a contract says of a reference to what it does not have."""


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
    found = data_to_test(read.contract, data, options, folder)
    before = FoundData()
    if options.baseline is not None:
        before = data_given(read.contract, [options.baseline], found.sets[0].server)
    with Spool(progress) as spool:
        tables = Tables(read.contract, found, before, spool, options.engine)
        test = _Test(read, options, tables, folder)
        told = []
        for each in found.sets:
            spool.say(f"testing {each.table.name}")
            told.append(test.of(each))
    told += [Tested(name, "nothing", error=error) for name, error in found.absent.items()]
    options.selection.refuse_unused()
    return Report(read.contract, tuple(told), read.findings, (*found.notes, *spool.notes))


@dataclass(frozen=True, slots=True)
class _Test:
    """One contract under test."""

    read: ReadContract
    options: Options
    tables: Tables
    folder: Path

    def of(self, data: DataSet) -> Tested:
        """What came of one table."""
        table, shown = data.table, _shown(data)
        opened = self.tables.open(table.name)
        if isinstance(opened, MeshError):
            return Tested(table.name, shown, error=opened)
        asked = self._rules(table, opened)
        kept = {rule.id: rule for rule in asked if self.options.selection.takes(rule, table)}
        needed = [rule for rule in asked if rule.id in kept or isinstance(rule, Schema)]
        targets = {r.id: self.tables.target(r) for r in needed if isinstance(r, Reference)}
        code = self.folder if self.options.python else None
        try:
            around = self.tables.around(table, needed, code)
            history = self.tables.history(table, needed)
            results = _audited(needed, opened, targets, around, history)
            results = tuple(each for each in results if each.rule in kept)
            samples = self._samples(results, asked, table, opened, targets)
        except EvaluationError as error:
            return Tested(table.name, shown, error=error)
        return Tested(table.name, shown, results, samples)

    def _rules(self, table: SchemaObject, opened: Opened) -> list[Rule]:
        """The table's rules, and with the first table what the contract refers to in vain."""
        contract, extra = self.read.contract, self.options.extra_columns
        server, texts = self.options.server, opened.is_text
        found = rules(contract, table.name, standalone=True, texts=texts, server=server)
        asked = list(found)
        if extra is not None:
            bad = None if extra is ExtraColumns.ALLOW else Severity(extra.value)
            asked = [replace(r, extra=bad) if isinstance(r, Schema) else r for r in found]
        if table is contract.schema[0]:
            asked += self._in_vain()
        return asked

    def _in_vain(self) -> list[Unsupported]:
        """References to what the contract does not have, of which no table has a rule."""
        lost = [each for each in self.read.findings if each.code == _NOT_THERE]
        if not lost:
            return []
        contract = self.read.contract
        told = {
            rule.where
            for table in contract.schema
            for rule in rules(contract, table.name, standalone=True)
        }
        return [_unsaid(each) for each in lost if each.where not in told]

    def _samples(
        self,
        results: Sequence[RuleResult],
        asked: Sequence[Rule],
        table: SchemaObject,
        opened: Opened,
        targets: Mapping[str, Any],
    ) -> dict[str, Rows]:
        """The failing rows of each rule that has some, if they are asked for."""
        if not self.options.samples:
            return {}
        broken = {each.rule for each in results if each.failed and not each.holds}
        sampler = Sampler(
            opened,
            key=table.key,
            schema=next((rule for rule in asked if isinstance(rule, Schema)), None),
            masked=self.read.contract.confidential_columns(table.name),
            limit=self.options.samples,
        )
        return {
            rule.id: sampler.rows(rule, targets.get(rule.id)) for rule in asked if rule.id in broken
        }


def _unsaid(finding: Finding) -> Unsupported:
    return Unsupported(
        id=f"line_{(finding.where or '').rpartition(':')[2]}_reference",
        message="what the contract refers to",
        dimension="consistency",
        severity=Severity.WARNING,
        where=finding.where,
        reason=finding.message,
    )


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
    except (Exception, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # a panic of what is written in Rust
        raise EvaluationError(f"the engine gave up: {error}", code="MESH-C024") from error
    if opened.diagnose and any(each.verdict is Verdict.ERROR for each in results):
        opened.diagnose()
    return results


def _shown(data: DataSet) -> str:
    first = shown_path(data.paths[0])
    return first if len(data.paths) == 1 else f"{first} and {len(data.paths) - 1} more"
