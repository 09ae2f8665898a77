"""Every command helps, and has its place in the reference."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from mesh_dagster.cli.root import COMMANDS, mesh

LISTS = ["products", "show", "snapshots", "check", "audit", "query", "quarantine", "explain"]


def _command(name: str) -> click.Command:
    command = mesh.get_command(click.Context(mesh), name)
    assert command is not None
    return command


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_says_in_one_line_what_it_does_and_each_option_what_it_is(name: str) -> None:
    command = _command(name)
    assert command.name == name
    assert command.help
    assert len(command.help.partition("\n\n")[0]) <= 100
    silent = [
        each.name for each in command.params if isinstance(each, click.Option) and not each.help
    ]
    assert silent == []


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_and_each_of_its_options_is_in_the_reference(root: Path, name: str) -> None:
    text = (root / "docs" / "reference" / "commands.md").read_text(encoding="utf-8")
    section = re.search(rf"^## mesh {name}\b.*?(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert section is not None
    options = [
        option
        for each in _command(name).params
        if isinstance(each, click.Option)
        for option in each.opts
    ]
    assert [option for option in options if f"`{option}" not in section[0]] == []


@pytest.mark.parametrize("name", LISTS)
def test_a_command_that_lists_can_print_json(name: str) -> None:
    assert "--json" in {option for each in _command(name).params for option in each.opts}


def test_make_lists_each_of_its_targets(root: Path) -> None:
    text = (root / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: (.+)$", text, re.MULTILINE)
    assert phony is not None
    described = re.findall(r"^([a-z-]+):.*## .+$", text, re.MULTILINE)
    assert described == phony[1].split()
