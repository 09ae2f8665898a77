"""`mesh contract test`: data files against a contract, with no mesh and no Dagster."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import click

from mesh_dagster.cli.contract_json import document, refusal
from mesh_dagster.cli.output import as_json, emit_json, emit_styled, say
from mesh_dagster.errors import EvaluationError, MeshError, UsageError
from mesh_dagster.model.finding import Verdict

if TYPE_CHECKING:
    from mesh_dagster.contracts.standalone.asked import Options
    from mesh_dagster.contracts.standalone.report import Report

ENGINES = ("polars", "duckdb", "spark")
EXTRA_COLUMNS = ("error", "warning", "allow")
PATIENCE = 2.0
"""Seconds between two words on how far it is."""

_CODES = {Verdict.FAILED: 1, Verdict.ERROR: EvaluationError.exit_code}


@click.command("test")
@click.argument("contract", type=click.Path(path_type=Path))
@click.argument("more", nargs=-1, metavar="")
@click.option(
    "--data",
    multiple=True,
    metavar="[NAME=]PATH",
    help="A file, pattern or folder to test; NAME is the schema object it holds.",
)
@click.option("--server", metavar="NAME", help="Test what this server of the contract has.")
@click.option("--engine", type=click.Choice(ENGINES), help="What runs the rules.")
@click.option(
    "--only",
    multiple=True,
    metavar="RULE",
    help="Run these rules only: ids, kinds, dimensions or tags, with commas between.",
)
@click.option("--skip", multiple=True, metavar="RULE", help="Run all rules but these.")
@click.option(
    "--samples",
    default=0,
    metavar="N",
    type=click.IntRange(0, 10_000),
    help="Show N failing rows of each rule; classified columns are masked.",
)
@click.option(
    "--extra-columns",
    type=click.Choice(EXTRA_COLUMNS),
    help="How bad a column is that the contract does not name; else as the contract says.",
)
@click.option("--python", is_flag=True, help="Run the contract's own checks.py: trust it first.")
@click.option("--baseline", metavar="PATH", help="Earlier data, with which rules on drift compare.")
@click.option("--junit", metavar="FILE", help="Write the results as JUnit XML; - is stdout.")
@as_json
def command(contract: Path, data: tuple[str, ...], as_json: bool, **asked: Any) -> int:
    """Hold data files against a contract.

    Without --data it is what the contract's server has. Nothing but files is needed: no mesh,
    no Dagster.

    Exit codes: 0 passed or warning, 1 failed, 2 an unusable contract or call, 3 could not
    evaluate.
    """
    from mesh_dagster.contracts.standalone.run import hold

    junit, more = asked.pop("junit"), asked.pop("more")
    begun = perf_counter()
    try:
        _check_call(contract, more, as_json=as_json, junit=junit)
        report = hold(contract, data, _options(**asked), _Progress())
    except MeshError as error:
        if as_json:
            emit_json(refusal(error))
        raise
    seconds = perf_counter() - begun
    for finding in report.findings:
        say(f"{finding}")
    for note in report.notes:
        say(note)
    if junit:
        _write_junit(report, seconds, junit)
    if as_json:
        emit_json(document(report))
    elif junit != "-":
        from mesh_dagster.cli.contract_report import lines

        again = _command(contract, data, asked["server"])
        emit_styled("\n".join(lines(report, again, seconds)))
    return _CODES.get(report.verdict, 0)


def _check_call(contract: Path, more: Sequence[str], *, as_json: bool, junit: str | None) -> None:
    """Refuse before any work what cannot be told afterwards. Raises `UsageError`."""
    if more:
        raise UsageError(
            f"one contract is tested at a time: what is {more[0]}? Data stands behind --data, "
            "a pattern in quotes",
            code="MESH-C021",
            fix=shlex.join(["mesh", "contract", "test", str(contract), "--data", more[0]]),
        )
    if as_json and junit == "-":
        raise UsageError("--json and --junit - both want stdout", fix="--junit report.xml")
    if junit and junit != "-":
        folder = Path(junit).parent
        if not folder.is_dir():
            fix = shlex.join(["mkdir", "-p", str(folder)])
            raise UsageError(f"there is no folder {folder} for {junit}", code="MESH-C021", fix=fix)
        if Path(junit).is_dir():
            fix = f"--junit {shlex.quote(str(Path(junit) / 'report.xml'))}"
            raise UsageError(f"{junit} is a folder", code="MESH-C021", fix=fix)


def _options(
    *,
    server: str | None,
    engine: str | None,
    only: Sequence[str],
    skip: Sequence[str],
    samples: int,
    extra_columns: str | None,
    python: bool,
    baseline: str | None,
) -> Options:
    from mesh_dagster.contracts.files.open import Engine
    from mesh_dagster.contracts.selection import Selection
    from mesh_dagster.contracts.standalone.asked import ExtraColumns, Options

    return Options(
        server=server,
        engine=Engine(engine) if engine else None,
        selection=Selection(_words(only), _words(skip)),
        samples=samples,
        extra_columns=ExtraColumns(extra_columns) if extra_columns else None,
        python=python,
        baseline=baseline,
    )


def _command(contract: Path, data: Sequence[str], server: str | None) -> str:
    """What to type to test the same again."""
    words = ["mesh", "contract", "test", str(contract)]
    for each in data:
        words += ["--data", each]
    return shlex.join([*words, *(["--server", server] if server else [])])


def _words(given: Sequence[str]) -> tuple[str, ...]:
    words = tuple(word.strip() for each in given for word in each.split(",") if word.strip())
    if given and not words:
        raise UsageError("--only and --skip name rules, and here is no name", code="MESH-C020")
    return words


def _write_junit(report: Report, seconds: float, place: str) -> None:
    from mesh_dagster.cli.junit import junit

    text = junit(report, seconds)
    if place == "-":
        click.echo(text)
        return
    try:
        Path(place).write_text(text, encoding="utf-8")
    except (OSError, ValueError) as error:
        told = getattr(error, "strerror", None) or error
        raise UsageError(f"{place} cannot be written: {told}", code="MESH-C021") from error


class _Progress:
    """Says now and then what is being done, once it takes long enough to wonder."""

    def __init__(self) -> None:
        self._last = perf_counter()

    def __call__(self, text: str) -> None:
        now = perf_counter()
        if now - self._last > PATIENCE:
            self._last = now
            say(f"{text} …")
            sys.stderr.flush()
