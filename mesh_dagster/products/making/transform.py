"""The domain's own work: `transform.py` or `transform.sql`, run on declared inputs only.

A transform gets every input handed to it by name and has nothing else to read with (design
rule 4). It returns a frame (Polars, pandas, Arrow, a DuckDB relation, paths of Parquet files),
or a mapping of output port names to frames.
"""

from __future__ import annotations

import inspect
import re
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from zlib import crc32

from mesh_dagster.descriptors.suggest import did_you_mean
from mesh_dagster.errors import MeshError, TransformError, UndeclaredInput, UsageError
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.partition import Partitioning
from mesh_dagster.model.wiring import TransformKind
from mesh_dagster.products.making.sandbox import named_parameters, only_select, sandbox
from mesh_dagster.products.reading.in_transform import own_code

if TYPE_CHECKING:
    import duckdb
    import polars as pl


@dataclass(frozen=True, slots=True)
class Window:
    """The partitions a run makes; without partitions `keys` is empty."""

    keys: tuple[str, ...] = ()
    partitioning: Partitioning | None = None

    @property
    def first(self) -> str | None:
        return min(self.keys, default=None)

    @property
    def last(self) -> str | None:
        return max(self.keys, default=None)

    @property
    def start(self) -> datetime | None:
        """When the first partition begins."""
        if self.partitioning is None or self.first is None:
            return None
        return self.partitioning.window(self.first)[0]

    @property
    def end(self) -> datetime | None:
        """When the last partition ends."""
        if self.partitioning is None or self.last is None:
            return None
        return self.partitioning.window(self.last)[1]


class Input(Protocol):
    """One opened input port: what a transform may read of it."""

    @property
    def files(self) -> tuple[str, ...]: ...

    def polars(self) -> pl.LazyFrame: ...

    def duckdb(self, connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation: ...


_NO_TABLE = re.compile(r"Table with name (\S+) does not exist")
_SQL_LINE = re.compile(r"^LINE (\d+):", re.MULTILINE)

Frame = Any
"""Whatever `ports.stage` takes."""

Transform = Callable[[Mapping[str, Input], Window], "Frame | Mapping[str, Frame]"]


@contextmanager
def transformed(
    loaded: LoadedProduct, inputs: Mapping[str, Input], window: Window, transform: Transform | None
) -> Iterator[Mapping[str, Frame]]:
    """What the transform returned, by port name; what it reads from is open meanwhile.

    `transform` stands in for the product's own file where something else does the work (dbt, an
    asset). Raises `TransformError` with the place in the domain's code.
    """
    if transform is None and loaded.wiring.transform.kind is TransformKind.SQL:
        with _sql(loaded.folder / loaded.wiring.transform.name, inputs, window) as relation:
            yield {"": relation}
        return
    with own_code(loaded.product.address):
        work = transform or _python(loaded, inputs)
        with blaming(loaded.folder):
            result = work(inputs, window)
    yield _by_port(loaded, result)


@contextmanager
def blaming(folder: Path) -> Iterator[None]:
    """Tell an exception of the domain's code as a `TransformError` at its own line."""
    try:
        yield
    except TransformError as error:
        error.where = error.where or _place(error.__cause__, folder)
        raise
    except UndeclaredInput as error:
        error.where = error.where or _place(error, folder)
        raise
    except MeshError:
        raise
    except Exception as error:
        raise TransformError(
            f"the transform failed: {type(error).__name__}: {error}",
            where=_place(error, folder),
            fix="mend the transform and run the product again; nothing was published",
        ) from error


def _place(error: BaseException | None, folder: Path) -> str:
    """The line of the domain's own code that an exception came through, as far as it tells."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}"
    frames = traceback.extract_tb(error.__traceback__) if error else []
    own = [frame for frame in frames if Path(frame.filename).is_relative_to(folder)]
    return f"{own[-1].filename}:{own[-1].lineno}" if own else str(folder)


def _python(loaded: LoadedProduct, inputs: Mapping[str, Input]) -> Transform:
    path = loaded.folder / loaded.wiring.transform.name
    with blaming(loaded.folder):
        function = _function(path)
    names = list(inspect.signature(function).parameters)
    for name in names:
        if name != "window" and name not in inputs:
            raise UndeclaredInput(
                f"transform() asks for {name!r}, which is no input port of "
                f"{loaded.product.address.path}{did_you_mean(name, inputs)}",
                where=f"{path}:{function.__code__.co_firstlineno}",
                fix=f"add an input port named {name!r} to product.odps.yaml, or rename it",
            )

    def run(inputs: Mapping[str, Input], window: Window) -> Frame:
        offered = {name: inputs[name].polars() for name in names if name in inputs}
        return function(**offered, **({"window": window} if "window" in names else {}))

    return run


def _function(path: Path) -> Callable[..., Frame]:
    name = f"mesh_transform_{crc32(str(path).encode()):08x}"
    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise TransformError(f"{path.name} is no Python file", where=str(path))
    module = module_from_spec(spec)
    # Dataclasses and pickle look a class's module up by its name.
    sys.modules[name] = module
    spec.loader.exec_module(module)
    function = getattr(module, "transform", None)
    if not inspect.isfunction(function):
        raise TransformError(
            "there is no function `transform`",
            where=str(path),
            fix="def transform(<input ports>, window): return <frame>",
        )
    return function


@contextmanager
def _sql(
    path: Path, inputs: Mapping[str, Input], window: Window
) -> Iterator[duckdb.DuckDBPyRelation]:
    import duckdb

    text = path.read_text(encoding="utf-8")
    statement = _statement(path, text)
    above = "\n" * text.partition(statement.query.strip())[0].count("\n")
    tables = {name: each.duckdb for name, each in inputs.items()}
    files = [file for each in inputs.values() for file in each.files]
    bounds = {"first_partition": window.first, "last_partition": window.last}
    with sandbox(tables, files) as connection:
        try:
            given = named_parameters(statement, bounds)
            # To plan it tells the line of an error, which a relation does not.
            connection.execute(f"explain {above}{statement.query}", given)
            yield connection.sql(statement.query, params=given)
        except duckdb.Error as error:
            raise _sql_error(error, path, inputs) from error
        except TransformError as error:
            error.where = _line(path, error.what)
            raise


def _statement(path: Path, text: str) -> duckdb.Statement:
    try:
        return only_select(text)
    except UsageError as error:
        raise TransformError(
            f"{path.name} cannot be run: {error.what}",
            code=error.code,
            where=_line(path, error.what),
            fix="write it as one SELECT over the input ports",
        ) from error


def _sql_error(error: duckdb.Error, path: Path, inputs: Mapping[str, Input]) -> MeshError:
    import duckdb

    text, where = str(error), _line(path, str(error))
    missing = _NO_TABLE.search(text)
    if missing or isinstance(error, duckdb.PermissionException):
        what = f"{missing[1]!r}" if missing else f"what is not its own ({text})"
        hint = did_you_mean(missing[1], inputs) if missing else ""
        return UndeclaredInput(
            f"{path.name} reads {what}, which is no input port{hint}",
            where=where,
            fix="declare it in product.odps.yaml, and read it by the name of its port",
        )
    return TransformError(
        f"{path.name} failed: {text}", where=where, fix="mend the SQL and run the product again"
    )


def _line(path: Path, message: str) -> str:
    found = _SQL_LINE.search(message)
    return f"{path}:{found[1]}" if found else str(path)


def _by_port(loaded: LoadedProduct, result: Frame) -> Mapping[str, Frame]:
    """The frames by port name, the first port's being empty."""
    outputs = loaded.made
    if not isinstance(result, Mapping):
        result = {outputs[0].name: result}
    names = {output.name: output.address.port or "" for output in outputs}
    if set(result) != set(names):
        raise TransformError(
            f"the transform returned the ports {sorted(result)}; {loaded.product.address.path} "
            f"has {sorted(names)}",
            where=str(loaded.folder),
            fix="return a mapping with exactly one frame a port",
        )
    return {names[name]: frame for name, frame in result.items()}
