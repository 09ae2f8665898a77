"""How far `mesh contract test` agrees with verdicts that another tool gave of the same data.

The cases are recorded ones: a contract, data, the verdict and every single check. They lie
outside of this repository (`CONFORMANCE_CASES`, or ../shared/peer_cases); where there are none
there is nothing to run. Exit code 1: fewer verdicts agree than `ENOUGH`.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from checks import Answer, answers

from mesh_dagster.cli.contract_json import document
from mesh_dagster.contracts.selection import Selection
from mesh_dagster.contracts.standalone.asked import ExtraColumns, Options
from mesh_dagster.contracts.standalone.run import hold
from mesh_dagster.errors import MeshError

ROOT = Path(__file__).resolve().parents[1]
DIFFERENCES = ROOT / "docs" / "contracts" / "differences.md"
ENOUGH = 0.95
_CHOOSES = ("dimension", "tag", "quality_id")
"""Options of the other tool that are words for `--only` here."""

_CHANGES_NOTHING = ("include_failed_sample",)


@dataclass
class Outcome:
    """One case: both verdicts, and the checks on which they do not agree."""

    id: str
    theirs: str
    ours: str
    refused: str = ""
    """Why we did not even begin, which is the verdict error."""
    checks: int = 0
    differing: list[Answer] = field(default_factory=list)
    strict: str = ""
    """Our verdict where columns that the contract does not name are an error."""

    @property
    def agrees(self) -> bool:
        return self.theirs == self.ours

    def argued(self, document: str) -> bool:
        """Whether the document says why: of this case, or of each kind of difference in it."""
        kinds = [each.argued for each in self.differing]
        of_each = bool(kinds) and all(f"\n## {kind}\n" in document for kind in kinds)
        return self.id.partition("_")[0] in document or of_each


def main() -> int:
    folder = Path(os.environ.get("CONFORMANCE_CASES") or ROOT.parent / "shared" / "peer_cases")
    index = folder / "index.json"
    if not index.is_file():
        print(f"no cases in {folder}: nothing to compare (CONFORMANCE_CASES names another folder)")
        return 0
    cases = json.loads(index.read_text(encoding="utf-8"))
    outcomes = [run(case, folder) for case in cases["cases"] if asked(case) is not None]
    report(outcomes, cases.get("source", str(folder)))
    if left := len(cases["cases"]) - len(outcomes):
        print(
            f"Not compared: {left} cases with options that have no like here (rows, parts of a run)"
        )
    agreeing = sum(each.agrees for each in outcomes)
    return 0 if agreeing >= ENOUGH * len(outcomes) else 1


def asked(case: dict[str, Any]) -> tuple[str, ...] | None:
    """The words for `--only` that a case's options come to. None: they come to something else."""
    words: list[str] = []
    for option, value in (case.get("options") or {}).items():
        name = option.strip("-").replace("-", "_").removesuffix("s")
        if name in _CHOOSES:
            words += [value] if isinstance(value, str) else value
        elif name not in _CHANGES_NOTHING:
            return None
    return tuple(words)


def run(case: dict[str, Any], folder: Path) -> Outcome:
    """Both tools' verdicts of one case, and of each check that both make."""
    contract, only = folder / case["contract"], asked(case) or ()
    found = tested(contract, case["server"], only, ExtraColumns.ALLOW)
    outcome = Outcome(case["id"], case["expected"], found["verdict"], found.get("refused", ""))
    for answer in answers(case["checks"], found["rules"]):
        outcome.checks += 1
        if not answer.agrees:
            outcome.differing.append(answer)
    outcome.strict = tested(contract, case["server"], only, None)["verdict"]
    return outcome


def tested(
    contract: Path, server: str, only: tuple[str, ...], extra: ExtraColumns | None
) -> dict[str, Any]:
    """What `mesh contract test --json` prints."""
    options = Options(server=server, extra_columns=extra, selection=Selection(only=only))
    try:
        report = hold(contract, options=options)
    except MeshError as error:
        return {"verdict": "error", "rules": [], "refused": error.what.splitlines()[0]}
    found: dict[str, Any] = json.loads(json.dumps(document(report), default=str))
    return found


def report(outcomes: list[Outcome], source: str) -> None:
    """Print how far both agree, and each difference."""
    argued = DIFFERENCES.read_text(encoding="utf-8") if DIFFERENCES.is_file() else ""
    agreeing = sum(each.agrees for each in outcomes)
    checks = sum(each.checks for each in outcomes)
    differing = sum(len(each.differing) for each in outcomes)
    print(f"{len(outcomes)} cases: {source}\n")
    print(f"verdicts  {_share(agreeing, len(outcomes))}")
    print(f"checks    {_share(checks - differing, checks)}\n")
    for each in outcomes:
        if not each.agrees or each.differing:
            known = "" if each.argued(argued) else "   (not argued)"
            refused = f" ({each.refused})" if each.refused else ""
            print(f"{each.id}: they say {each.theirs}, we say {each.ours}{refused}{known}")
        for answer in each.differing:
            print(f"  {answer}")
    stricter = [each for each in outcomes if each.strict != each.ours]
    moves = Counter(f"{each.ours} -> {each.strict}" for each in stricter)
    print(
        f"\nThey do not look for columns that a contract does not name, so these were allowed. "
        f"As an error,\nwhich is the default, they change {len(stricter)} verdicts"
        + (f": {', '.join(f'{count} {move}' for move, count in moves.items())}" if moves else "")
    )


def _share(part: int, whole: int) -> str:
    return f"{part} of {whole} agree ({part / whole:.1%})" if whole else "none to compare"


if __name__ == "__main__":
    sys.exit(main())
