"""Every path of the public ODCS schemas is executed, carried or refused; none is unmapped."""

from __future__ import annotations

import re
import sys
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from mesh_dagster.contracts.rules.compile import rules
from mesh_dagster.contracts.rules.kinds import Rule
from mesh_dagster.descriptors import odcs, syntax
from mesh_dagster.descriptors.source import Source
from mesh_dagster.model.contract import Contract

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
import paths  # noqa: E402 - beside this file, which is no package

TABLE = HERE / "coverage.tsv"
PAGE = HERE.parents[3] / "docs" / "contracts" / "coverage.md"
STATUSES = ("executed", "carried", "refused")

pytestmark = pytest.mark.skipif(
    not paths.SCHEMAS.is_dir(), reason="the public schemas are not here"
)


@cache
def table() -> list[tuple[str, re.Pattern[str], str, str]]:
    lines = [line for line in TABLE.read_text("utf-8").splitlines() if line and line[0] != "#"]
    entries = [tuple(line.split("\t")) for line in lines]
    return [
        (pattern, re.compile(re.escape(pattern).replace(r"\*\*", ".*")), status, how)
        for pattern, status, how in entries
    ]


def entry_of(path: str) -> tuple[str, str] | None:
    """What becomes of a path, and how."""
    return next(
        ((status, how) for _, pattern, status, how in table() if pattern.fullmatch(path)), None
    )


def _status(path: str) -> str:
    return (entry_of(path) or ("unmapped", ""))[0]


def every() -> list[tuple[str, str]]:
    if not paths.SCHEMAS.is_dir():
        return []
    return [(version, path) for version in paths.VERSIONS for path in paths.paths_of(version)]


def test_no_path_is_unmapped() -> None:
    unmapped = [(version, path) for version, path in every() if entry_of(path) is None]
    assert unmapped == []
    assert len(every()) > 1500


def test_no_line_of_the_table_is_idle() -> None:
    first = [
        next(at for at, line in enumerate(table()) if line[1].fullmatch(path))
        for _, path in every()
    ]
    idle = [line[0] for at, line in enumerate(table()) if at not in first]
    assert idle == []
    assert {line[2] for line in table()} == set(STATUSES)


@pytest.mark.parametrize("version", paths.VERSIONS)
def test_each_path_is_what_the_table_says(version: str) -> None:
    validator = jsonschema.Draft201909Validator(paths.schema_of(version))
    wrong = []
    for path, part in paths.paths_of(version).items():
        document = paths.smallest(path, part, version)
        status, how = entry_of(path) or ("unmapped", "")
        invalid = [each.message for each in validator.iter_errors(document)]
        # What a server of each type must have is not written down here.
        if invalid and status != "refused" and not path.startswith("servers"):
            wrong.append(f"{path}: the sample is invalid, {invalid[0]}")
        problem = PROOFS[status](path, document, how)
        if problem:
            wrong.append(f"{path} is not {status}: {problem}")
    assert wrong == []


def carried(path: str, document: dict[str, Any], _how: str) -> str | None:
    contract, source = read(document)
    if source.findings:
        return str(source.findings[0])
    wanted = paths.value_at(document, path)
    # Nothing in it is nothing, and is not written.
    if wanted in ({}, []):
        return None
    try:
        found = paths.value_at(odcs.document_from_contract(contract), path)
    except (KeyError, IndexError):
        return "it is lost"
    return None if found == wanted else f"{found!r} came back for {wanted!r}"


def executed(path: str, document: dict[str, Any], how: str) -> str | None:
    lost = carried(path, document, how)
    if lost or not how.startswith("rule "):
        return lost
    wanted = paths.value_at(document, path)
    if wanted in ({}, []):
        return None
    kinds = set(how.removeprefix("rule ").split(", "))
    found = rules_of(read(document)[0])
    if not kinds & {rule.kind for rule in found}:
        return f"no rule of {kinds} among {[rule.kind for rule in found]}"
    without = rules_of(read(removed(document, path))[0])
    return None if without != found else "the rules are the same without it"


def refused(path: str, document: dict[str, Any], _how: str) -> str | None:
    return None if read(document)[1].findings else f"nothing is said of {path}"


PROOFS = {"executed": executed, "carried": carried, "refused": refused}


def read(document: dict[str, Any]) -> tuple[Contract, Source]:
    source = Source("c.yaml")
    text = yaml.safe_dump(document, sort_keys=False)
    contract = odcs.contract_from_document(syntax.read(text, source), source)
    assert contract is not None
    return contract, source


def rules_of(contract: Contract) -> list[Rule]:
    """Those of a port, and those of data on its own."""
    if not contract.schema:
        return []
    return [*rules(contract), *rules(contract, standalone=True)]


def removed(document: dict[str, Any], path: str) -> dict[str, Any]:
    """The document without what stands at the path, or without the list that it is all of."""
    copy: dict[str, Any] = yaml.safe_load(yaml.safe_dump(document))
    segments = [each for each in paths.segments_of(path) if each[0] != "when"]
    while segments[-1][0] == "item":
        segments.pop()
    at: Any = copy
    for kind, text in segments[:-1]:
        at = at[0] if kind == "item" else at[text]
    del at[segments[-1][1]]
    return copy


def page() -> str:
    """docs/contracts/coverage.md, from the table."""
    counts = {
        version: Counter(
            (entry_of(path) or ("unmapped", ""))[0] for path in paths.paths_of(version)
        )
        for version in paths.VERSIONS
    }
    lines = [
        "# What becomes of each key of the standard",
        "",
        "Made from `tests/unit/contracts/standard/coverage.tsv`, which a test holds against the",
        "public schemas: each path is read from a small contract, written back, and, where it is",
        "executed as a rule, compiled with it and without it.",
        "",
        "| ODCS | paths | executed | carried | refused | unmapped |",
        "|---|---|---|---|---|---|",
    ]
    for version, count in counts.items():
        numbers = [sum(count.values()), *(count[status] for status in (*STATUSES, "unmapped"))]
        lines.append(f"| {version} | " + " | ".join(f"{each}" for each in numbers) + " |")
    lines += [
        "",
        "**Executed**: something acts on it. **Carried**: kept, shown to people, written back.",
        "**Refused**: the reader says why it is not taken. In a path `[]` is an item of a list,",
        "`<...>` the condition under which the standard has the key, `**` anything. The first line",
        "that fits a path counts.",
        "",
        "| path | what becomes of it | how |",
        "|---|---|---|",
    ]
    lines += [f"| `{pattern}` | {status} | {how} |" for pattern, _, status, how in table()]
    return "\n".join(lines) + "\n"


def test_the_page_is_current() -> None:
    assert PAGE.read_text("utf-8") == page(), f"run python {Path(__file__).name}"


if __name__ == "__main__":
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page(), "utf-8")
