"""The shell of `mesh query`: piped, and as somebody at a terminal has it."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mesh_dagster.cli.shell import HELP
from mesh_dagster.cli.shell_words import Words
from mesh_dagster.cli.statements import divided
from mesh_dagster.cli.typed import entered, history
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.testing import write_product

Run = Callable[..., Any]
LONG = "select count(*) from range(1000000000) a, range(1000000) b;"


@pytest.fixture
def air(published: Mesh, tmp_path: Path) -> Mesh:
    folder = tmp_path / "domains/air/src/air/defs/flights/queries"
    folder.mkdir()
    (folder / "by_day.sql").write_text(
        "-- How many a day?\nselect day, count(*) as flights from air.flights group by 1 order by 1"
    )
    return published


@pytest.fixture
def piped(run: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    def call(text: str, *options: str) -> Any:
        monkeypatch.setattr("sys.stdin", io.StringIO(text))
        return run("query", *options)

    return call


@pytest.mark.parametrize(
    ("text", "statements", "rest"),
    [
        ("select 1;", ["select 1"], ""),
        ("select 1; select 2", ["select 1"], "select 2"),
        ("select ';';", ["select ';'"], ""),
        ("select 'it''s;'; x", ["select 'it''s;'"], "x"),
        ('select 1 as ";" ; ', ['select 1 as ";"'], ""),
        ("select 1 -- no; not here\n;", ["select 1 -- no; not here"], ""),
        ("select 1 /* ; */ ; ", ["select 1 /* ; */"], ""),
        ("select $$ ; $$ ;", ["select $$ ; $$"], ""),
        ("select $a$ ; $$ ; $a$ ;", ["select $a$ ; $$ ; $a$"], ""),
        ("select 'open; ", [], "select 'open; "),
        ("select /* open; ", [], "select /* open; "),
        (";;", [], ""),
        ("", [], ""),
    ],
)
def test_a_statement_ends_at_a_semicolon_that_is_one(
    text: str, statements: list[str], rest: str
) -> None:
    assert divided(text) == (statements, rest)


def test_lines_become_statements_and_commands() -> None:
    lines = ["select 1\n", "  .5 as a;\n", ".help\n", "\n", "select 2; select\n", "3"]
    assert list(entered(lines)) == ["select 1\n  .5 as a", ".help", "select 2", "select\n3"]


def test_what_is_piped_in_is_answered_in_its_order(air: Mesh, piped: Run) -> None:
    ended = piped(
        ".format json\nselect 1 as a;\n.run air.flights by_day\n.limit 1\n.as-of 1\n"
        "select id from air.flights\norder by id"
    )
    assert ended.code == 0, ended.err
    assert '{"a": 1}' in ended.out
    assert '{"day": "2013-11-01", "flights": 2}' in ended.out
    assert ended.out.rstrip().endswith('[\n  {"id": 1}\n]')
    assert "only the first 1 rows; .limit 0 is all of them" in ended.err
    assert "as of 1" in ended.err


def test_what_there_is_is_listed(air: Mesh, piped: Run) -> None:
    ended = piped(".products fli\n.columns air.flights\n.queries\n.queries air/carriers\n.help\n")
    lines = [line.split() for line in ended.out.splitlines()]
    assert ["air.flights", "-"] in lines
    assert ["delay", "int", "-", "-"] in lines
    assert lines.count(["air.flights", "by_day", "How", "many", "a", "day?"]) == 1
    assert all(name in ended.err for name in HELP)


def test_the_first_error_ends_what_is_piped_in(air: Mesh, piped: Run) -> None:
    ended = piped("select 1 as a; drop table x; select 2 as b;")
    assert ended.code == 2
    assert "MESH-M041" in ended.err
    assert ended.out.split() == ["a", "1"]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (".colums air.flights", "did you mean `.columns`"),
        (".columns", "one product is named"),
        (".columns air.flight", "did you mean `air/flights`"),
        (".run air.flights", "two words"),
        (".run air.flights by_dy", "did you mean `by_day`"),
        (".format xml", "table, csv, json, ndjson"),
        (".limit few", "a number of rows"),
    ],
)
def test_a_command_that_cannot_be_is_told(air: Mesh, piped: Run, command: str, said: str) -> None:
    ended = piped(command)
    assert ended.code == 2
    assert said in ended.err


def test_quit_ends_it_and_a_file_is_of_one_query(air: Mesh, piped: Run) -> None:
    assert piped(".quit\nselect 1 as a;").out == ""
    assert piped("select 1;", "--output", "x.csv").code == 2


@pytest.mark.parametrize(
    ("before", "whole", "some"),
    [
        ("sel", "sel", {"select"}),
        ("select * from ai", "select * from ai", {"air.flights", "air.carriers"}),
        ("select * from air.fl", "", {"air.flights"}),
        ("select de", "select de from air.flights", {"delay"}),
        ("select f.d", "select f.d from air.flights f", {"f.day", "f.delay"}),
        ("select flights.D", "select flights.D from air.flights", {"flights.day"}),
        (".co", ".co", {".columns"}),
        (".columns air.c", "", {"air.carriers"}),
        (".format j", "", {"json"}),
        (".run air.flights b", "", {"by_day"}),
        (".run air.nothing b", "", set()),
        ("select 'x' || zzz", "", set()),
    ],
)
def test_what_can_come_next_is_offered(air: Mesh, before: str, whole: str, some: set[str]) -> None:
    offered = {text for text, _ in Words(air, tuple(HELP), ("json", "csv")).after(before, whole)}
    assert some <= offered
    assert bool(some) == bool(offered)


def test_a_name_that_sql_keeps_for_itself_is_offered_in_quotes(air: Mesh) -> None:
    write_product(air, "order/lines/v1", {"item": "VARCHAR"}, {"item": ["tea"]})

    def offered(before: str) -> set[str]:
        words = Words(Mesh.open(), tuple(HELP), ())
        return {text for text, what in words.after(before, before) if what in ("product", "column")}

    assert offered("select * from ord") == {'"order".lines'}
    assert offered("select * from order.li") == {'"order".lines'}
    assert offered('select * from "ord') == {'order".lines'}
    assert "l.item" in offered('select * from "order".lines l where l.it')
    assert offered(".columns ord") == {"order.lines"}


def test_the_history_is_its_users_alone_and_bounded(tmp_path: Path) -> None:
    file = tmp_path / "state" / "query_history"
    found = history(file)
    for number in range(2100):
        found.append_string(f"select {number};\nselect 'x'")
    assert file.stat().st_mode & 0o777 == 0o600
    kept = list(history(file).load_history_strings())
    assert len(kept) == 1000
    assert kept[0] == "select 2099;\nselect 'x'"
    (tmp_path / "file").write_text("")
    assert list(history(tmp_path / "file" / "no folder").load_history_strings()) == []


@pytest.fixture
def terminal(air: Mesh, at_terminal: Callable[..., Any]) -> Any:
    opened = at_terminal("query")
    opened.sees("mesh>")
    return opened


def test_at_a_terminal_lines_go_on_words_are_completed_and_errors_end_nothing(
    terminal: Any, tmp_path: Path
) -> None:
    terminal.types("select 40 + 2\r")
    terminal.types("as answer;\r")
    terminal.sees("42")
    terminal.types("drop table x;\r")
    terminal.sees("MESH-M041")
    terminal.types("select max(id) * 1000 from air.fl\t")
    terminal.sees("ights")
    terminal.types(";\r")
    terminal.sees("4000")
    terminal.types("select chr(27) || '[31m' as evil;\r")
    assert "\x1b[31m" not in terminal.sees("\\x1b[31m")
    terminal.types(".quit\r")
    assert terminal.ends() == 0
    kept = (tmp_path / "state" / "query_history").read_text()
    assert "+select 40 + 2\n+as answer;" in kept


def test_ctrl_c_ends_the_query_and_not_the_shell(terminal: Any) -> None:
    terminal.types("select 20 + 1 as n;\r")
    terminal.sees("21")
    terminal.types(f"{LONG}\r")
    time.sleep(3)
    terminal.types("\x03")
    terminal.sees("mesh>")
    terminal.types("select 6 * 7 as n;\r")
    terminal.sees("42")
    terminal.sees("mesh>")
    terminal.types("\x04")
    assert terminal.ends() == 0


def test_asked_to_end_it_ends(terminal: Any) -> None:
    terminal.process.terminate()
    assert terminal.ends() == 130
