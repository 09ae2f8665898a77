"""Rules in Python: a function, or a pandera schema, of a file beside the contract.

The code is its owner's and runs in this process, once a partition, on a lazy frame of that
partition's rows. What it raises, or does not finish in time, is that rule's own error.
"""

from __future__ import annotations

import inspect
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib.util import module_from_spec, spec_from_file_location
from operator import index
from pathlib import Path
from typing import Any
from zlib import crc32

import narwhals as nw
import polars as pl

from mesh_dagster.contracts.audit.counts import Answer, Answers
from mesh_dagster.contracts.audit.data.frame import Frame, collected
from mesh_dagster.contracts.audit.data.windows import of_windows, own_columns, windows_by_key
from mesh_dagster.contracts.audit.owned.bounded import within
from mesh_dagster.contracts.rules.grammar import count
from mesh_dagster.contracts.rules.kinds import Code
from mesh_dagster.contracts.rules.owned import outside
from mesh_dagster.contracts.rules.wording import allowed
from mesh_dagster.descriptors.suggest import did_you_mean
from mesh_dagster.errors import EvaluationError

Key = str | None
Check = Callable[[pl.LazyFrame], "_Failing"]
NOT_ALLOWED = "Python beside the contract is not run unless it is asked for (--python)"
_MOST = 2**63 - 1


class _Failing:
    """How many rows a check finds failing, and what it says of them; `whole`: of all as one."""

    def __init__(self, failed: int, told: str = "", *, whole: bool = False) -> None:
        if not 0 <= failed <= _MOST:
            raise ValueError(f"it returned {failed}, which is no number of rows")
        self.failed, self.told, self.whole = failed, told, whole


def answers_of_code(
    rule: Code,
    frame: Frame,
    keys: Sequence[Key],
    rows: Mapping[Key, int],
    *,
    folder: Path | None,
    seconds: float,
) -> Answers:
    """What the code of a rule says of each of the partitions `keys`, of so many `rows`.

    `folder` is the contract's, in which the code lies; None: it may not be run.
    """
    try:
        if folder is None:
            raise EvaluationError(NOT_ALLOWED, code="MESH-C034")
        check = _pandera(rule, folder) if rule.engine == "pandera" else _python(rule, folder)
        windows = windows_by_key(frame)
    except Exception as error:  # noqa: BLE001 - the owner's code, whatever it raises
        return dict.fromkeys(keys, _told(rule, error))
    found: dict[Key, Answer | str] = {}
    for key in keys:
        try:
            data = _polars(of_windows(frame, windows.get(key, [])), own_columns(frame))
            found[key] = _held(rule, within(seconds, partial(check, data)), rows[key])
        except Exception as error:  # noqa: BLE001 - the same
            found[key] = _told(rule, error)
            if isinstance(error, TimeoutError):
                return {**dict.fromkeys(keys, _told(rule, error)), **found}
    return found


def _held(rule: Code, found: _Failing, rows: int) -> Answer:
    kept = rule.bound.keeps(found.failed, rows)
    message = f"{rule.message}: {found.told}"
    if not found.whole:
        told = f" ({found.told})" if found.told else ""
        fail = "fails" if found.failed == 1 else "fail"
        counted = f"{found.failed:,} of {count(rows, 'row')} {fail}{told}"
        message = f"{rule.message}: {counted}; {allowed(rule.bound)}"
    return Answer(kept=kept, message=message, checked=rows, failed=found.failed)


def _told(rule: Code, error: Exception) -> str:
    """Why it could not be evaluated."""
    if isinstance(error, EvaluationError):
        return error.what
    lines = str(error).strip().splitlines()
    where = f"{rule.file}::{rule.name}"
    return f"{where} raised {type(error).__name__}" + (f": {lines[0]}" if lines else "")


def _python(rule: Code, folder: Path) -> Check:
    function = _named(rule, folder)
    if not callable(function):
        raise EvaluationError(f"{rule.name} of {rule.file} is no function", code="MESH-C033")
    parameters = inspect.signature(function).parameters
    arguments = dict(rule.arguments)
    if "column" in parameters and "column" not in arguments:
        arguments["column"] = rule.column
    catches_all = any(each.kind is each.VAR_KEYWORD for each in parameters.values())
    if not catches_all and (unknown := [name for name in arguments if name not in parameters]):
        hint = did_you_mean(unknown[0], parameters)
        raise EvaluationError(f"{rule.name}() takes no {unknown[0]!r}{hint}", code="MESH-C033")
    return lambda data: _counted(function(data, **arguments))


def _counted(returned: Any) -> _Failing:
    """What a function returned: whether it holds, how many rows fail, or those very rows."""
    if isinstance(returned, bool) or type(returned).__name__ == "bool":
        return _Failing(int(not returned), f"it returned {bool(returned)}", whole=True)
    try:
        return _Failing(index(returned))
    except TypeError:
        pass
    try:
        failing = nw.from_native(returned).lazy()
    except TypeError:
        kind = type(returned).__name__
        raise TypeError(
            f"it returned a {kind}; a number of failing rows, True or False, or a frame of the "
            "failing rows is asked for"
        ) from None
    return _Failing(int(collected(failing.select(nw.len())).item()))


def _pandera(rule: Code, folder: Path) -> Check:
    import pandera.polars as pa
    from pandera.config import ValidationDepth, config_context
    from pandera.errors import SchemaErrors

    named = _named(rule, folder)
    is_model = isinstance(named, type) and issubclass(named, pa.DataFrameModel)
    schema = named.to_schema() if is_model else named
    if not isinstance(schema, pa.DataFrameSchema):
        raise EvaluationError(
            f"{rule.name} of {rule.file} is no pandera.polars schema or model", code="MESH-C033"
        )

    def check(data: pl.LazyFrame) -> _Failing:
        with config_context(validation_depth=ValidationDepth.SCHEMA_AND_DATA):
            try:
                schema.validate(data, lazy=True)
            except SchemaErrors as errors:
                return _of_pandera(errors.failure_cases)
        return _Failing(0)

    return check


def _of_pandera(cases: pl.DataFrame) -> _Failing:
    counts = Counter(str(each) for each in cases["check"].to_list())
    told = ", ".join(f"{check}: {count:,}" for check, count in counts.most_common(5))
    return _Failing(cases.height, told + (", and others" if len(counts) > 5 else ""))


def _named(rule: Code, folder: Path) -> Any:
    """What a rule names in its file, freshly loaded. Raises `EvaluationError`."""
    path = _file(rule, folder)
    name = f"mesh_checks_{crc32(str(path).encode()):08x}"
    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise EvaluationError(f"{rule.file} is no Python file", code="MESH-C033")
    module = module_from_spec(spec)
    # Dataclasses and pandera's models look a class's module up by its name.
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        kind, line = type(error).__name__, str(error).splitlines()[:1]
        told = f"{rule.file} cannot be loaded: {kind}" + (f": {line[0]}" if line else "")
        raise EvaluationError(told, code="MESH-C033") from error
    found = getattr(module, rule.name, None)
    if found is None:
        names = [each for each in vars(module) if not each.startswith("_")]
        hint = did_you_mean(rule.name, names)
        raise EvaluationError(f"{rule.file} has no {rule.name!r}{hint}", code="MESH-C033")
    return found


def _file(rule: Code, folder: Path) -> Path:
    home = folder.resolve()
    path = (home / rule.file).resolve()
    problem = outside(rule.file)
    if problem is None and not path.is_relative_to(home):
        problem = f"{rule.file!r} is a link that leads out of the contract's own folder"
    if problem is None and not path.is_file():
        problem = f"there is no {rule.file} beside the contract"
    if problem is not None:
        raise EvaluationError(problem, code="MESH-C033", where=str(folder))
    return path


def _polars(rows: nw.LazyFrame[Any], columns: Sequence[str]) -> pl.LazyFrame:
    """The rows as the lazy frame that a check is given."""
    native = rows.select(*columns).to_native()
    if isinstance(native, pl.LazyFrame):
        return native
    if rows.implementation.is_duckdb():
        return native.pl(lazy=True)  # type: ignore[no-any-return]
    engine = str(rows.implementation)
    raise EvaluationError(f"Python rules run on Polars, and the data is on {engine}")
