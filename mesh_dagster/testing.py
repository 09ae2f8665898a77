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
from mesh_dagster.model.address import Address
from mesh_dagster.products.inputs import SourceData
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.products.transform import Input, Window, transformed

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
    given: dict[str, Input] = {
        port.name: _Given(_collected(inputs[port.name]))
        if port.name in inputs
        else SourceData(loaded.wiring.sources[port.name], loaded.folder)
        for port in loaded.product.inputs
    }
    with transformed(loaded, given, window, None) as frames:
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
    columns: Mapping[str, str],
    rows: Any = None,
    *,
    key: Sequence[str] = (),
    inputs: Mapping[str, str] | None = None,
    partitions: Mapping[str, Any] | None = None,
    quality: Sequence[Mapping[str, Any]] = (),
    transform: str | None = None,
    wiring: Mapping[str, Any] | None = None,
) -> Path:
    """Write the files of a product, and of its domain where there is none; returns its folder.

    `columns` maps names to physical types (BIGINT, VARCHAR, DATE, ...); `rows` is a Polars frame
    or a mapping of columns, the source that the default `transform` hands on, partition by
    partition; `inputs` are addresses by the name of the input port; `partitions`, `wiring` and
    `quality` are what defs.yaml and the contract would say.
    """
    shape = _Shape(Address.parse(address), dict(columns), tuple(key), dict(inputs or {}))
    folder = shape.folder(mesh)
    attributes: dict[str, Any] = {"transform": "transform.py"}
    if rows is not None:
        _collected(rows).write_parquet(folder / "rows.parquet")
        attributes["sources"] = {"rows": {"path": "rows.parquet"}}
    if partitions is not None:
        attributes["partitions"] = dict(partitions)
    work = transform or _default_transform(partitions)
    (folder / "transform.py").write_text(work, encoding="utf-8")
    _write(folder / "product.odps.yaml", shape.descriptor(source=rows is not None))
    _write(folder / "contract.odcs.yaml", shape.contract(quality))
    _write(
        folder / "defs.yaml",
        {"type": "mesh_dagster.DataProduct", "attributes": attributes | dict(wiring or {})},
    )
    return folder


@dataclass(frozen=True, slots=True)
class _Shape:
    address: Address
    columns: dict[str, str]
    key: tuple[str, ...]
    inputs: dict[str, str]

    def folder(self, mesh: Mesh) -> Path:
        domain = self.address.domain
        package = mesh.config.root / "domains" / domain / "src" / domain
        folder = package / "defs" / self.address.product
        folder.mkdir(parents=True, exist_ok=True)
        if not (package / "domain.yaml").exists():
            _write(package / "domain.yaml", {"name": domain, "team": f"Team {domain}"})
        return folder

    def descriptor(self, *, source: bool) -> dict[str, Any]:
        ports = [("rows", "source:test/rows")] if source else []
        ports += list(self.inputs.items())
        return {
            "apiVersion": "v1.0.0",
            "kind": "DataProduct",
            "id": str(Address(self.address.domain, self.address.product)),
            "name": self.address.product,
            "domain": self.address.domain,
            "version": f"{self.address.major or 1}.0.0",
            "status": "active",
            "inputPorts": [
                {"name": name, "version": "1.0.0", "contractId": target} for name, target in ports
            ],
            "outputPorts": [
                {"name": self.address.product, "version": "1.0.0", "contractId": self._id}
            ],
            "customProperties": [
                {
                    "property": "archetype",
                    "value": "source-aligned" if source else "consumer-aligned",
                }
            ],
        }

    def contract(self, quality: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        return {
            "apiVersion": "v3.1.0",
            "kind": "DataContract",
            "id": self._id,
            "version": f"{self.address.major or 1}.0.0",
            "status": "active",
            "schema": [
                {
                    "name": self.address.product,
                    "properties": [self._property(name) for name in self.columns],
                    "quality": [dict(each) for each in quality],
                }
            ],
        }

    @property
    def _id(self) -> str:
        return str(self.address.with_major(self.address.major or 1))

    def _property(self, name: str) -> dict[str, Any]:
        physical = self.columns[name]
        made: dict[str, Any] = {"name": name, "physicalType": physical}
        if physical in _LOGICAL:
            made["logicalType"] = _LOGICAL[physical]
        if name in self.key:
            made |= {"primaryKey": True, "primaryKeyPosition": self.key.index(name) + 1}
        return made


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
