"""However a command ends, a person sees a sentence and a shell gets the right code."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import click
import pytest

from mesh_dagster.cli import root
from mesh_dagster.cli.explain import explanations
from mesh_dagster.errors import DescriptorError, EvaluationError, MeshError, NotInMesh
from mesh_dagster.model.finding import Finding

Raising = Callable[[BaseException], None]


@pytest.fixture
def raising(monkeypatch: pytest.MonkeyPatch) -> Raising:
    """Make `mesh explain` end with an exception."""

    def end_with(error: BaseException) -> None:
        @click.command()
        def explain() -> None:
            raise error

        monkeypatch.setattr("mesh_dagster.cli.explain.explain", explain)

    return end_with


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NotInMesh("there is no mesh.yaml here"), 2),
        (DescriptorError([Finding("MESH-D999", "broken", where="a.yaml:3")]), 2),
        (EvaluationError("could not look"), 3),
        (MeshError("something"), 3),
    ],
)
def test_an_error_of_the_mesh_is_printed_as_its_text_on_stderr(
    raising: Raising, capsys: pytest.CaptureFixture[str], error: MeshError, code: int
) -> None:
    raising(error)
    assert root.run(["explain"]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err == f"{error}\n"


@pytest.mark.parametrize("error", [KeyError("x"), BaseException("panicked at lib.rs")])
def test_an_unexpected_exception_is_called_a_bug_in_one_line(
    raising: Raising, capsys: pytest.CaptureFixture[str], error: BaseException
) -> None:
    raising(error)
    assert root.run(["explain"]) == 3
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert type(error).__name__ in err
    assert "bug" in err
    assert "MESH_DEBUG=1" in err


def test_debugging_shows_where_a_bug_is(
    raising: Raising, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MESH_DEBUG", "1")
    raising(KeyError("x"))
    assert root.run(["explain"]) == 3
    assert 'File "' in capsys.readouterr().err


def test_an_interrupt_ends_without_a_word_of_python(
    raising: Raising, capsys: pytest.CaptureFixture[str]
) -> None:
    raising(KeyboardInterrupt())
    assert root.run(["explain"]) == 130
    assert capsys.readouterr().err.strip() == ""


def test_a_typo_in_a_command_gets_a_suggestion(capsys: pytest.CaptureFixture[str]) -> None:
    assert root.run(["prodcuts"]) == 2
    assert "Did you mean 'products'?" in capsys.readouterr().err


def test_a_typo_in_an_option_gets_a_suggestion(capsys: pytest.CaptureFixture[str]) -> None:
    assert root.run(["explain", "--jsno"]) == 2
    assert "--json" in capsys.readouterr().err


def test_no_command_shows_the_help_and_is_a_usage_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert root.run([]) == 2
    assert "Commands:" in capsys.readouterr().err


def test_the_version_is_that_of_the_distribution(capsys: pytest.CaptureFixture[str]) -> None:
    from importlib.metadata import version

    assert root.run(["--version"]) == 0
    assert capsys.readouterr().out == f"mesh-dagster {version('mesh-dagster')}\n"


def test_a_code_is_explained_in_any_spelling(capsys: pytest.CaptureFixture[str]) -> None:
    code, (title, _) = next(iter(explanations().items()))
    assert root.run(["explain", code.removeprefix("MESH-").lower()]) == 0
    assert capsys.readouterr().out.startswith(f"{code} · {title}\n")


def test_an_unknown_code_names_those_near_it(capsys: pytest.CaptureFixture[str]) -> None:
    code = next(iter(explanations()))
    assert root.run(["explain", code[:-1] + "x"]) == 2
    assert f"near it: {code[:-2]}" in capsys.readouterr().err


def test_a_closed_pipe_ends_like_any_tool_of_the_shell() -> None:
    command = [sys.executable, "-m", "mesh_dagster.cli", "explain"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        err = process.stderr.read()
    assert err == b""
    assert process.returncode == root.PIPE_CLOSED


@pytest.mark.parametrize("stream", ["--help", "explain"])
def test_no_colour_codes_reach_what_is_not_a_terminal(stream: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mesh_dagster.cli", stream], capture_output=True, check=True
    )
    assert b"\x1b[" not in done.stdout
