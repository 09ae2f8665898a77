"""What domains test with: a small mesh on disk, a frozen clock, a transform without Dagster.

Nothing here is a mock. A mesh from `write_mesh` and `write_product` is one of real files, that
stages, audits and publishes like any other.

    def test_a_flight_without_a_tail_number_is_kept() -> None:
        flights = {"flight": [1], "tailnum": [None]}
        made = run_transform(FOLDER, partitions=["2013-11-03"], flights_file=flights)
        assert made.height == 1
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from mesh_dagster.clock import frozen
from mesh_dagster.descriptors.product import load_product
from mesh_dagster.descriptors.suggest import did_you_mean
from mesh_dagster.errors import UsageError
from mesh_dagster.model.address import Address
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.products.making.inputs import Inputs, SourceData
from mesh_dagster.products.making.transform import Input, Window, transformed
from mesh_dagster.products.mesh import Mesh

if TYPE_CHECKING:
    import duckdb
    import polars as pl

__all__ = ["frozen", "run_transform", "write_mesh", "write_product"]

_LOGICAL = {
    "BOOLEAN": "boolean",
    "INTEGER": "integer",
    "BIGINT": "integer",
    "DOUBLE": "number",
    "VARCHAR": "string",
    "DATE": "date",
    "TIMESTAMPTZ": "timestamp",
}

_TRANSFORM = """\
def transform(rows, window):
    return rows
"""

_TRANSFORM_OF_PARTITIONS = """\
import polars as pl

def transform(rows, window):
    return rows.filter(pl.col("{column}").dt.to_string("%Y-%m-%d").is_in(window.keys))
"""


def run_transform(
    folder: Path | str, *, partitions: Sequence[str] = (), **inputs: Any
) -> pl.DataFrame | dict[str, pl.DataFrame]:
    """What the transform of a product's folder makes of its inputs, without storage or Dagster.

    `inputs` are frames by the name of the input port: Polars, or a mapping of columns. A source
    that is not given is read from where defs.yaml says it lies. The answer is one frame, or one
    by port name for a product of several ports. Raises what a run raises: `UndeclaredInput`,
    `TransformError`, `DescriptorError`.
    """
    loaded = load_product(Path(folder))
    window = Window(tuple(partitions), loaded.wiring.partitioning)
    with transformed(loaded, _inputs(loaded, inputs), window, None) as frames:
        made = {port: _collected(frame) for port, frame in frames.items()}
    return made[""] if set(made) == {""} else made


def write_mesh(root: Path, **settings: Any) -> Mesh:
    """A mesh in an empty folder, without any domain yet. `settings` are keys of mesh.yaml."""
    root.mkdir(parents=True, exist_ok=True)
    _write(
        root / "mesh.yaml",
        {"schemaVersion": 1, "name": "small", "storage": ".mesh/storage"} | settings,
    )
    return Mesh.open(root)


def write_product(
    mesh: Mesh,
    address: str,
    columns: Mapping[str, Any],
    rows: Any = None,
    *,
    key: Sequence[str] = (),
    inputs: Mapping[str, str] | None = None,
    partitions: Mapping[str, Any] | None = None,
    quality: Sequence[Mapping[str, Any]] = (),
    transform: str | None = None,
    sql: str | None = None,
    wiring: Mapping[str, Any] | None = None,
    ports: Mapping[str, Mapping[str, Any]] | None = None,
    table: Mapping[str, Any] | None = None,
    levels: Sequence[Mapping[str, Any]] = (),
    stage: str = "stable",
) -> Path:
    """Write the files of a product, and of its domain where there is none; returns its folder.

    `columns` maps names to physical types (BIGINT, VARCHAR, DATE, ...), or to all that a property
    of the contract says; `ports` does so for each further output port. `rows` is a Polars frame
    or a mapping of columns, the source that the default `transform` hands on, partition by
    partition, unless `transform` or `sql` is the work. `inputs` are addresses by the name of the
    input port; `partitions`, `wiring` and `quality` are what defs.yaml and the contract would
    say, `table` what else the contract says of the first port's table, `levels` its service
    levels, `stage` how much of the mesh it is ready for.
    """
    shape = _Shape(Address.parse(address), tuple(key), dict(inputs or {}))
    folder = shape.folder(mesh)
    file = "transform.py" if sql is None else "transform.sql"
    attributes: dict[str, Any] = {"transform": file}
    if rows is not None:
        _collected(rows).write_parquet(folder / "rows.parquet")
        attributes["sources"] = {"rows": {"path": "rows.parquet"}}
    if partitions is not None:
        attributes["partitions"] = dict(partitions)
    work = sql or transform or _default_transform(partitions)
    (folder / file).write_text(work, encoding="utf-8")
    _write(
        folder / "product.odps.yaml", shape.descriptor(tuple(ports or ()), rows is not None, stage)
    )
    first = dict(table or {}) | {"quality": [dict(each) for each in quality]}
    _write(folder / "contract.odcs.yaml", shape.contract(None, columns, first, levels))
    for name, others in (ports or {}).items():
        _write(folder / f"{name}.odcs.yaml", shape.contract(name, others, {}, levels))
    _write(
        folder / "defs.yaml",
        {"type": "mesh_dagster.DataProduct", "attributes": attributes | dict(wiring or {})},
    )
    return folder


@dataclass(frozen=True, slots=True)
class _Shape:
    address: Address
    key: tuple[str, ...]
    inputs: dict[str, str]

    def folder(self, mesh: Mesh) -> Path:
        domain = self.address.domain
        package = mesh.config.root / "domains" / domain / "src" / domain
        major = self.address.major or 1
        name = self.address.product + (f"_v{major}" if major > 1 else "")
        folder = package / "defs" / name
        folder.mkdir(parents=True, exist_ok=True)
        if not (package / "domain.yaml").exists():
            _write(package / "domain.yaml", {"name": domain, "team": f"Team {domain}"})
        return folder

    def descriptor(self, others: Sequence[str], source: bool, stage: str) -> dict[str, Any]:
        ports = [("rows", "source:test/rows")] if source else []
        ports += list(self.inputs.items())
        return {
            "apiVersion": "v1.0.0",
            "kind": "DataProduct",
            "id": str(Address(self.address.domain, self.address.product)),
            "name": self.address.product,
            "domain": self.address.domain,
            "version": self._version,
            "status": "active",
            "inputPorts": [
                {"name": name, "version": "1.0.0", "contractId": target} for name, target in ports
            ],
            "outputPorts": [
                {
                    "name": name or self.address.product,
                    "version": self._version,
                    "contractId": self._id(name),
                }
                for name in (None, *others)
            ],
            "customProperties": [
                {
                    "property": "archetype",
                    "value": "source-aligned" if source else "consumer-aligned",
                },
                {"property": "stage", "value": stage},
            ],
        }

    def contract(
        self,
        port: str | None,
        columns: Mapping[str, Any],
        table: Mapping[str, Any],
        levels: Sequence[Mapping[str, Any]],
    ) -> dict[str, Any]:
        properties = [self._property(name, stated) for name, stated in columns.items()]
        name = port or self.address.product
        return {
            "apiVersion": "v3.1.0",
            "kind": "DataContract",
            "id": self._id(port),
            "version": self._version,
            "status": "active",
            "schema": [{"name": name, "properties": properties, **table}],
            "slaProperties": [dict(each) for each in levels],
        }

    @property
    def _version(self) -> str:
        return f"{self.address.major or 1}.0.0"

    def _id(self, port: str | None) -> str:
        return str(self.address.with_major(self.address.major or 1).with_port(port))

    def _property(self, name: str, stated: Any) -> dict[str, Any]:
        given = dict(stated) if isinstance(stated, Mapping) else {"physicalType": stated}
        made: dict[str, Any] = {"name": name, **given}
        if (physical := given["physicalType"]) in _LOGICAL:
            made.setdefault("logicalType", _LOGICAL[physical])
        if name in self.key:
            made |= {"primaryKey": True, "primaryKeyPosition": self.key.index(name) + 1}
        return made


def _inputs(loaded: LoadedProduct, given: Mapping[str, Any]) -> Inputs:
    names = [port.name for port in loaded.product.inputs]
    for name in given:
        if name not in names:
            raise UsageError(f"there is no input port {name!r}{did_you_mean(name, names)}")
    opened: dict[str, Input] = {}
    for port in loaded.product.inputs:
        if port.name in given:
            opened[port.name] = _Given(_collected(given[port.name]))
        elif port.name in loaded.wiring.sources:
            opened[port.name] = SourceData(loaded.wiring.sources[port.name], loaded.folder)
        else:
            raise UsageError(
                f"the input {port.name!r} is another product's, and there is no mesh to read it",
                fix=f"run_transform(folder, {port.name}=<a frame>)",
            )
    return Inputs(loaded.product.address.path, opened)


@dataclass(frozen=True, slots=True)
class _Given:
    """A frame that a test hands in for an input port."""

    frame: pl.DataFrame
    files: tuple[str, ...] = ()

    def polars(self) -> pl.LazyFrame:
        return self.frame.lazy()

    def duckdb(self, connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:
        return connection.from_arrow(self.frame.to_arrow())


def _collected(frame: Any) -> pl.DataFrame:
    import polars as pl

    from mesh_dagster.ports.frames import lazy

    return pl.DataFrame(frame) if isinstance(frame, Mapping) else lazy(frame).collect()


def _default_transform(partitions: Mapping[str, Any] | None) -> str:
    if partitions is None:
        return _TRANSFORM
    return _TRANSFORM_OF_PARTITIONS.format(column=partitions["column"])


def _write(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(yaml.safe_dump(dict(content), sort_keys=False), encoding="utf-8")
