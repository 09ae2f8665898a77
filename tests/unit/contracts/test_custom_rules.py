"""Rules in Python beside the contract: functions and pandera schemas, and what goes wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

import polars as pl
import pytest

from mesh_dagster.contracts.audit.owned.answers import Around
from mesh_dagster.contracts.audit.owned.bounded import within
from mesh_dagster.contracts.audit.owned.sql.process import Limits
from mesh_dagster.contracts.audit.run import audit
from mesh_dagster.contracts.rules.compile import rules
from mesh_dagster.contracts.rules.kinds import Code, Text, Unsupported
from mesh_dagster.model.contract import Contract, Property, Quality
from mesh_dagster.model.finding import RuleResult, Severity, Verdict

Column = Callable[..., Property]
Open = Callable[[pl.DataFrame], Any]
Promise = Callable[..., Contract]
DATA = pl.DataFrame({"a": [1, 2, 3], "b": ["x", "y", None]})
CHECKS = """
import polars as pl
import pandera.polars as pa
from dataclasses import dataclass

def number(rows): return 2
def none(rows): return 0
def holds(rows): return True
def breaks(rows): return False
def frame(rows): return rows.filter(pl.col("a") > 1)
def eager(rows): return rows.filter(pl.col("a") > 1).collect()
def pandas(rows): return rows.filter(pl.col("a") > 1).collect().to_pandas()
def of_column(rows, column, least=0): return rows.filter(pl.col(column) < least)
def columns(rows): return len(rows.collect_schema()) == 2
def nothing(rows): pass
def minus(rows): return -1
def text(rows): return "fine"
def fraction(rows): return 0.5
def raises(rows): raise LookupError("no luck\\nmore of it")
def exits(rows): raise SystemExit(3)
def broken_frame(rows): return rows.select("nope")
def forever(rows):
    while True:
        pass
value = 3

@dataclass
class NotASchema:
    a: int

schema = pa.DataFrameSchema({"a": pa.Column(pl.Int64, pa.Check.lt(3)), "b": pa.Column(str)})

class Model(pa.DataFrameModel):
    a: int = pa.Field(gt=1)
    b: str = pa.Field(nullable=True)

    @pa.check("a")
    def is_even(cls, data):
        return data.lazyframe.select(pl.col("a") % 2 == 0)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "checks.py").write_text(CHECKS)
    return tmp_path


def _code(implementation: Any, engine: str = "python", **more: Any) -> Quality:
    rest = {"engine": engine, "implementation": implementation, "description": "it is well"}
    return Quality("custom", rest=rest, **more)


def _one(contract: Contract, data: Any, folder: Path | None, seconds: float = 200) -> RuleResult:
    (rule,) = [each for each in rules(contract) if isinstance(each, Code)]
    (result,) = audit([rule], data, around=Around(code=folder, limits=Limits(seconds)))
    return result


@pytest.mark.parametrize(
    ("function", "failed"),
    [
        ("number", 2),
        ("none", 0),
        ("holds", 0),
        ("breaks", 1),
        ("frame", 2),
        ("eager", 2),
        ("pandas", 2),
        ("columns", 0),
    ],
)
def test_a_function_says_how_many_rows_fail(
    promise: Promise, column: Column, opened: Open, folder: Path, function: str, failed: int
) -> None:
    contract = promise(
        column("a"), column("b", "string"), quality=[_code(f"checks.py::{function}")]
    )
    result = _one(contract, opened(DATA), folder)
    assert result.verdict is (Verdict.FAILED if failed else Verdict.PASSED), result.message
    assert (result.kind, result.checked, result.failed) == ("code", 3, failed)
    said = "it returned " if function in ("holds", "breaks", "columns") else f"{failed} of 3 rows"
    assert result.message.startswith(f"it is well: {said}")


@pytest.mark.parametrize(
    ("engine", "name", "told"),
    [
        ("python", "nothing", "returned a NoneType"),
        ("python", "minus", "-1, which is no number of rows"),
        ("python", "text", "returned a str"),
        ("python", "fraction", "returned a float"),
        ("python", "raises", "checks.py::raises raised LookupError: no luck"),
        ("python", "exits", "SystemExit 3"),
        ("python", "broken_frame", "ColumnNotFoundError"),
        ("python", "value", "is no function"),
        ("python", "nmber", "did you mean `number`?"),
        ("pandera", "number", "no pandera.polars schema"),
        ("pandera", "NotASchema", "no pandera.polars schema"),
    ],
)
def test_what_a_check_runs_into_is_its_own_error(
    promise: Promise, column: Column, folder: Path, engine: str, name: str, told: str
) -> None:
    contract = promise(column("a"), quality=[_code(f"checks.py::{name}", engine)])
    result = _one(contract, DATA.lazy(), folder)
    assert (result.verdict, result.failed) == (Verdict.ERROR, None)
    assert result.blocks
    assert told in result.message
    assert "\n" not in result.message


def test_a_check_that_does_not_end_is_stopped(
    promise: Promise, column: Column, folder: Path
) -> None:
    contract = promise(column("a"), quality=[_code("forever")])
    result = _one(contract, DATA.lazy(), folder, seconds=0.2)
    assert result.verdict is Verdict.ERROR
    assert "longer than 0.2 seconds" in result.message


def test_a_function_gets_its_column_and_its_arguments(
    promise: Promise, column: Column, folder: Path
) -> None:
    stated = _code({"function": "of_column", "arguments": {"least": 3}})
    result = _one(promise(column("a", quality=(stated,))), DATA.lazy(), folder)
    assert (result.column, result.failed) == ("a", 2)
    slip = _code({"function": "of_column", "arguments": {"leats": 3}})
    told = _one(promise(column("a", quality=(slip,))), DATA.lazy(), folder).message
    assert "takes no 'leats'; did you mean `least`?" in told


def test_an_operator_bounds_what_may_fail(promise: Promise, column: Column, folder: Path) -> None:
    some = _code("number", operator="mustBeLessThan", threshold=70, unit="percent")
    assert _one(promise(column("a"), quality=[some]), DATA.lazy(), folder).verdict is Verdict.PASSED
    few = _code("number", operator="mustBeLessThan", threshold=60, unit="percent")
    assert _one(promise(column("a"), quality=[few]), DATA.lazy(), folder).verdict is Verdict.FAILED


@pytest.mark.parametrize(
    ("name", "failed", "told"),
    [("schema", 2, "less_than(3): 1"), ("Model", 3, "is_even: 2")],
)
def test_a_pandera_schema_runs_with_each_of_its_checks(
    promise: Promise, column: Column, folder: Path, name: str, failed: int, told: str
) -> None:
    contract = promise(column("a"), quality=[_code(f"checks.py::{name}", "pandera")])
    result = _one(contract, DATA.lazy(), folder)
    assert (result.verdict, result.failed) == (Verdict.FAILED, failed)
    assert told in result.message
    good = DATA.filter(pl.col("a") == 2).lazy()
    assert _one(contract, good, folder).verdict is Verdict.PASSED


def test_python_is_not_run_unless_it_is_asked_for(
    promise: Promise, column: Column, folder: Path
) -> None:
    marker = folder / "ran"
    (folder / "checks.py").write_text(
        f"open({str(marker)!r}, 'w').close()\ndef f(rows): return 0\n"
    )
    contract = promise(column("a"), quality=[_code("f")])
    result = _one(contract, DATA.lazy(), None)
    assert (result.verdict, marker.exists()) == (Verdict.ERROR, False)
    assert "--python" in result.message
    assert _one(contract, DATA.lazy(), folder).verdict is Verdict.PASSED
    assert marker.exists()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("def f(rows:\n", "cannot be loaded: SyntaxError"),
        ("import no_such_module\n", "cannot be loaded: ModuleNotFoundError"),
        ("1 / 0\n", "cannot be loaded: ZeroDivisionError: division by zero"),
        ("raise SystemExit\n", "cannot be loaded: SystemExit"),
    ],
)
def test_a_file_that_cannot_be_loaded_is_a_finding(
    promise: Promise, column: Column, folder: Path, text: str, told: str
) -> None:
    (folder / "checks.py").write_text(text)
    result = _one(promise(column("a"), quality=[_code("f")]), DATA.lazy(), folder)
    assert result.verdict is Verdict.ERROR
    assert told in result.message


@pytest.mark.parametrize(
    "file",
    [
        "../checks.py",
        "/etc/checks.py",
        "a/../../checks.py",
        "..\\checks.py",
        "C:/checks.py",
        "file:checks.py",
        "checks.sh",
        "",
        "\0checks.py",
    ],
)
def test_code_outside_of_the_contracts_folder_is_refused(
    promise: Promise, column: Column, file: str
) -> None:
    (rule,) = [
        each
        for each in rules(promise(column("a"), quality=[_code(f"{file}::f")]))
        if each.kind != "schema"
    ]
    assert isinstance(rule, Unsupported)
    assert rule.severity is Severity.ERROR


def test_a_link_out_of_the_contracts_folder_is_refused(
    promise: Promise, column: Column, tmp_path: Path
) -> None:
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere.py"
    home.mkdir()
    elsewhere.write_text("def f(rows): return 0\n")
    (home / "checks.py").symlink_to(elsewhere)
    result = _one(promise(column("a"), quality=[_code("f")]), DATA.lazy(), home)
    assert result.verdict is Verdict.ERROR
    assert "a link that leads out" in result.message
    (home / "own.py").write_text("def f(rows): return 0\n")
    (home / "checks.py").unlink()
    (home / "checks.py").symlink_to("own.py")
    assert _one(promise(column("a"), quality=[_code("f")]), DATA.lazy(), home).failed == 0


@pytest.mark.parametrize(
    ("implementation", "told"),
    [
        (None, "names what to run"),
        (3, "names what to run"),
        ("checks.py::", "names no function"),
        ("checks.py::a b", "names no function"),
        ({"functoin": "f"}, "'functoin' is nothing"),
        ({"function": "f", "arguments": [1]}, "`arguments` a mapping"),
        ({"function": "f", "arguments": {"a b": 1}}, "no name of an argument"),
    ],
)
def test_an_implementation_that_names_nothing_is_a_rule_that_says_so(
    promise: Promise, column: Column, implementation: Any, told: str
) -> None:
    (_, rule) = rules(promise(column("a"), quality=[_code(implementation)]))
    assert isinstance(rule, Unsupported)
    assert told in rule.reason


@pytest.mark.parametrize("engine", ["soda", "great-expectations", "greatExpectations", "dbt"])
def test_other_engines_are_told_with_those_that_are_run(
    promise: Promise, column: Column, engine: str
) -> None:
    contract = promise(column("a"), quality=[_code("x", engine)])
    (result,) = audit([rules(contract)[1]], DATA.lazy())
    assert (result.verdict, result.blocks) == (Verdict.WARNED, False)
    assert f"the engine '{engine}' is not run here; python, pandera, mesh are" in result.message


def test_a_text_is_unverified_and_holds_nothing_up(promise: Promise, column: Column) -> None:
    told = Quality("text", name="care", rest={"description": "Handle\n with care."})
    (_, rule) = rules(promise(column("a"), quality=[told]))
    assert isinstance(rule, Text)
    (result,) = audit([rule], DATA.lazy())
    assert (result.verdict, result.holds, result.blocks) == (Verdict.UNVERIFIED, True, False)
    assert result.message == "Handle with care.: unverified, it is for people to check"
    assert (result.checked, result.failed) == (None, None)


def test_other_peoples_code_raises_what_it_raises() -> None:
    assert within(200, lambda: 3) == 3
    with pytest.raises(ZeroDivisionError):
        within(200, lambda: 1 / 0)
    over = Event()
    with pytest.raises(TimeoutError):
        within(0.05, lambda: over.wait(200))
    over.set()
