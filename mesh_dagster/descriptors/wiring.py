"""defs.yaml -> `Wiring`: how a product is made."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path, PurePosixPath

from mesh_dagster import clock
from mesh_dagster.descriptors.cron import cron_problem
from mesh_dagster.descriptors.files import WIRING
from mesh_dagster.descriptors.shape import (
    ANYTHING,
    INTEGER,
    TEXT,
    Choice,
    Either,
    Kind,
    ListOf,
    Open,
    Shape,
)
from mesh_dagster.descriptors.source import Map, Source, shown
from mesh_dagster.descriptors.syntax import plain, read_file
from mesh_dagster.model.partition import FIRST_YEAR, LAST_YEAR, Every, Partitioning, check_start
from mesh_dagster.model.wiring import SourceRef, TransformKind, TransformRef, Wiring

COMPONENTS = ("mesh_dagster.DataProduct", "mesh_dagster.orchestrate.component.DataProduct")
_OURS = "mesh_dagster."
FORMATS = ("csv", "ndjson", "parquet")
_BY_SUFFIX = {".csv": "csv", ".ndjson": "ndjson", ".jsonl": "ndjson", ".parquet": "parquet"}
_CODE = {".py": TransformKind.PYTHON, ".sql": TransformKind.SQL}
_BY_DEFAULT = ("transform.py", "transform.sql")
_SOURCE = Shape(
    {
        "path": TEXT,
        "package": TEXT,
        "format": Choice(FORMATS),
        "null_values": ListOf(TEXT),
        "delimiter": TEXT,
    },
    required=("path",),
)
_INPUT = Shape({"window": ListOf(INTEGER)}, required=("window",))
_ATTRIBUTES: dict[str, Kind] = {
    "transform": Either(of_map=Shape({"dbt": TEXT, "asset": TEXT}), of_scalar=TEXT),
    "partitions": Shape(
        {"every": Choice(tuple(Every)), "column": TEXT, "start": TEXT},
        required=("every", "column", "start"),
    ),
    "schedule": TEXT,
    "sources": Open(every=_SOURCE),
    "inputs": Open(every=_INPUT),
}
_SHAPE = Shape(
    {
        "type": TEXT,
        "attributes": Shape(_ATTRIBUTES),
        "requirements": ANYTHING,
        "template_vars_module": ANYTHING,
        "post_processing": ANYTHING,
    },
    required=("type",),
)


def read_wiring(folder: Path, source: Source) -> Wiring | None:
    """The wiring in a product's defs.yaml; it is good only if `source` has no error."""
    data = read_file(folder / WIRING, source)
    return None if data is None else wiring_from_document(data, folder, source)


def wiring_from_document(data: Map, folder: Path, source: Source) -> Wiring:
    """The wiring that a whole defs.yaml states."""
    _SHAPE.check(data, source)
    _check_type(data, source)
    attributes = data.get("attributes")
    if attributes is None:
        attributes = Map()
        attributes.line, attributes.lines = data.line, {}
    return _wiring(attributes, folder, source)


def _check_type(data: Map, source: Source) -> None:
    """It is ours, or a subclass of ours that lives in another package."""
    named = data.get("type")
    if isinstance(named, str) and (named.startswith(_OURS) or "." not in named):
        Choice(COMPONENTS).admits(named, "type", data.line_of("type"), source)


def _wiring(data: Map, folder: Path, source: Source) -> Wiring:
    schedule = data.get("schedule")
    if schedule is not None and (problem := cron_problem(schedule)):
        message = f"`schedule` is {shown(schedule)}: it {problem}"
        source.report("MESH-D026", message, data.line_of("schedule"), fix='schedule: "0 6 * * *"')
    return Wiring(
        transform=_transform(data, folder, source),
        partitioning=_partitioning(data, source),
        schedule=schedule,
        sources={
            name: _source(each, folder, source) for name, each in data.get("sources", {}).items()
        },
        windows=_windows(data, source),
        where=source.at(data.line),
    )


def _transform(data: Map, folder: Path, source: Source) -> TransformRef:
    stated, line = data.get("transform"), data.line_of("transform")
    if isinstance(stated, dict):
        if len(stated) != 1:
            message = f"`transform` has {len(stated)} keys, expected either `dbt` or `asset`"
            source.report("MESH-D008", message, line)
            return TransformRef(TransformKind.ASSET, "", source.at(line))
        kind, name = next(iter(stated.items()))
        return TransformRef(TransformKind(kind), name, source.at(line))
    if stated is None:
        found = [name for name in _BY_DEFAULT if (folder / name).is_file()]
        if len(found) != 1:
            what = "both transform.py and transform.sql are" if found else "`transform` is missing"
            what = f"{what} here, say which" if found else f"{what}, and there is no transform.py"
            source.report("MESH-D009", what, line, fix="transform: transform.py")
        stated = found[0] if found else _BY_DEFAULT[0]
    else:
        _check_code(stated, folder, line, source)
    kind = _CODE.get(PurePosixPath(stated).suffix, TransformKind.PYTHON)
    return TransformRef(kind, stated, source.at(line))


def _check_code(name: str, folder: Path, line: int, source: Source) -> None:
    """A transform is a Python or SQL file of the product's own folder."""
    path = PurePosixPath(name)
    if path.suffix not in _CODE:
        message = f"`transform` is {shown(name)}, expected a .py or .sql file"
        fix = f"transform: {{dbt: {name}}}" if not path.suffix else None
        source.report("MESH-D010", message, line, fix=fix)
    elif not _inside(name, folder):
        message = f"`transform` is {shown(name)}, which lies outside of the product's folder"
        source.report("MESH-D025", message, line, fix=f"move it here: transform: {path.name}")
    elif not (folder / name).is_file():
        source.report("MESH-D025", f"`transform` is {shown(name)}, and there is no such file", line)


def _inside(name: str, folder: Path) -> bool:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name:
        return False
    if (folder / name).is_symlink() or len(path.parts) > 1:
        return (folder / name).resolve().is_relative_to(folder.resolve())
    return True


def _partitioning(data: Map, source: Source) -> Partitioning | None:
    stated = data.get("partitions")
    if stated is None or not {"every", "column", "start"} <= stated.keys():
        return None
    try:
        start = datetime.fromisoformat(stated["start"])
        check_start(start)
    except ValueError:
        years = f"in {FIRST_YEAR} to {LAST_YEAR}"
        message = f"`start` is {shown(stated['start'])}, expected a date like 2013-01-01 {years}"
        source.report("MESH-D008", message, stated.line_of("start"), fix="start: 2013-01-01")
        return None
    return Partitioning(Every(stated["every"]), stated["column"], clock.in_utc(start))


def _source(data: Map, folder: Path, source: Source) -> SourceRef:
    path, package = data.get("path", ""), data.get("package")
    line = data.line_of("path")
    suffix = PurePosixPath(path.removesuffix(".zip").removesuffix(".gz")).suffix.lower()
    format_ = data.get("format") or _BY_SUFFIX.get(suffix)
    if path and format_ is None:
        message = f"the format of {shown(path)} is unknown; say one of {', '.join(FORMATS)}"
        source.report("MESH-D009", message, line, fix="format: csv")
    if package is not None:
        pure = PurePosixPath(path)
        if pure.is_absolute() or ".." in pure.parts:
            message = f"`path` is {shown(path)}, which lies outside of the package {package}"
            source.report("MESH-D025", message, line)
    elif path and not (folder / path).is_file():
        source.report("MESH-D025", f"`path` is {shown(path)}, and there is no such file", line)
    return SourceRef(
        path=path,
        package=package,
        format=format_,
        null_values=tuple(data.get("null_values", ())),
        delimiter=data.get("delimiter"),
        where=source.at(data.line),
    )


def _windows(data: Map, source: Source) -> dict[str, tuple[int, int]]:
    windows = {}
    for name, stated in data.get("inputs", {}).items():
        match stated.get("window"):
            case [first, last] if first <= last and max(abs(first), abs(last)) <= 10_000:
                windows[name] = (first, last)
            case None:
                continue
            case other:
                message = f"`window` is {plain(other)!r:.60}, expected two numbers like [-7, -1]"
                source.report("MESH-D028", message, stated.line_of("window"), fix="window: [0, 0]")
    return windows
