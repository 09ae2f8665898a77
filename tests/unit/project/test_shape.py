"""Modules and functions stay small, and are named after what they are."""

from __future__ import annotations

import ast
from pathlib import Path
from statistics import median

LONGEST_MODULE = 400
LONGEST_FUNCTION = 60
SAY_NOTHING = {"utils", "util", "helpers", "helper", "common", "manager", "base", "misc", "core"}

Modules = dict[Path, ast.Module]


def _lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_no_module_is_longer_than_a_person_reads_at_once(modules: Modules) -> None:
    assert [path.name for path in modules if _lines(path) > LONGEST_MODULE] == []


def test_most_modules_are_short(modules: Modules) -> None:
    assert median(_lines(path) for path in modules if _lines(path) > 0) <= 130


def test_no_function_is_longer_than_a_screen(modules: Modules) -> None:
    long = [
        f"{path.name}:{node.lineno} {node.name} ({node.end_lineno - node.lineno + 1} lines)"
        for path, tree in modules.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno >= LONGEST_FUNCTION
    ]
    assert long == []


def test_no_module_has_a_name_that_says_nothing(modules: Modules) -> None:
    assert [path.name for path in modules if path.stem in SAY_NOTHING] == []


def test_every_module_and_every_public_class_says_what_it_is_for(modules: Modules) -> None:
    silent = []
    for path, tree in modules.items():
        if tree.body and ast.get_docstring(tree) is None:
            silent.append(path.name)
        silent += [
            f"{path.name}:{node.lineno} {node.name}"
            for node in tree.body
            if isinstance(node, ast.ClassDef)
            and not node.name.startswith("_")
            and ast.get_docstring(node) is None
        ]
    assert silent == []
