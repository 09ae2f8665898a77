"""The commands on contracts alone: there when they are asked for, and documented."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest

from mesh_dagster.cli.contract import contract

ROOT = Path(__file__).resolve().parents[3]
NAMES = contract.list_commands(click.Context(contract))


def _command(name: str) -> click.Command:
    command = contract.get_command(click.Context(contract), name)
    assert command is not None
    return command


@pytest.mark.parametrize("name", NAMES)
def test_each_says_in_one_line_what_it_does_and_each_option_what_it_is(name: str) -> None:
    command = _command(name)
    assert command.name == name
    assert command.help
    assert len(command.help.partition("\n\n")[0]) <= 100
    options = [each for each in command.params if isinstance(each, click.Option)]
    assert [each.name for each in options if not each.help] == []


def test_each_option_of_a_test_is_in_its_document() -> None:
    text = (ROOT / "docs" / "contracts" / "testing.md").read_text(encoding="utf-8")
    options = [
        option
        for each in _command("test").params
        if isinstance(each, click.Option)
        for option in each.opts
    ]
    assert [option for option in options if f"`{option}" not in text] == []


def test_the_help_imports_no_engine() -> None:
    code = (
        "import sys; from mesh_dagster.cli.root import run; run(['contract', 'test', '--help']);"
        "print([m for m in ('polars', 'duckdb', 'dagster', 'narwhals') if m in sys.modules])"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.splitlines()[-1] == "[]"


def test_a_mistyped_command_gets_a_suggestion(run) -> None:  # type: ignore[no-untyped-def]
    ended = run("contract", "tset")
    assert ended.code == 2
    assert "test" in ended.err
