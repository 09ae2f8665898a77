"""Opening the declared inputs of a run, and noting what was read (design rule 4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from mesh_dagster import clock
from mesh_dagster.descriptors.suggest import did_you_mean
from mesh_dagster.errors import NeverPublished, UndeclaredInput
from mesh_dagster.model.address import Address
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.partition import Partitioning
from mesh_dagster.model.product import InputPort, Product
from mesh_dagster.model.snapshot import InputRead, Publication
from mesh_dagster.ports import coverage, places
from mesh_dagster.ports.open import PortData
from mesh_dagster.ports.schema import PortLayout
from mesh_dagster.ports.types import polars_type
from mesh_dagster.products.auditing.layout import contract_layout
from mesh_dagster.products.granting.admission import Seen, admit
from mesh_dagster.products.granting.objecting import Wanted
from mesh_dagster.products.granting.who import of_domain
from mesh_dagster.products.making.sources import data_file, locate, scan_source
from mesh_dagster.products.making.transform import Input, Window
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.products.reading.read import open_published, publication_at

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb
    import polars as pl

    from mesh_dagster.model.wiring import SourceRef

_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class SourceData:
    """What a source input port reads: one file of a system outside the mesh."""

    source: SourceRef
    folder: Path
    storage: str | None = None

    @property
    def files(self) -> tuple[str, ...]:
        return (str(locate(self.source, self.folder, self.storage)),)

    def polars(self) -> pl.LazyFrame:
        return scan_source(self.source, self.folder, self.storage)

    def duckdb(self, connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:
        return connection.from_arrow(self.polars().collect(engine="streaming").to_arrow())


@dataclass(frozen=True, slots=True)
class NoData:
    """An input of which a window reads no partition that exists: no rows, the right columns."""

    layout: PortLayout
    columns: tuple[str, ...] | None = None
    files: tuple[str, ...] = ()

    def polars(self) -> pl.LazyFrame:
        import polars as pl

        types = {name: polars_type(kind) for name, kind in self.layout.types() if kind}
        names = types if self.columns is None else self.columns
        return pl.LazyFrame(schema={name: types[name] for name in names if name in types})

    def duckdb(self, connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:
        return connection.from_arrow(self.polars().collect().to_arrow())


def scanned(opened: Input) -> tuple[str, ...]:
    """The files that a lazy frame of an input reads, as its plan has them."""
    if isinstance(opened, SourceData):
        return (str(data_file(opened.source, opened.folder, opened.storage)),)
    return opened.files


class Inputs(Mapping[str, Input]):
    """The opened inputs by port name; asking for another is an `UndeclaredInput`."""

    def __init__(self, product: str, opened: Mapping[str, Input]) -> None:
        self._product = product
        self._opened = opened

    def __getitem__(self, name: str) -> Input:
        if name not in self._opened:
            raise UndeclaredInput(
                f"{self._product} has no input port {name!r}{did_you_mean(name, self._opened)}",
                fix=f"declare it in product.odps.yaml; there are: {', '.join(self._opened)}",
            )
        return self._opened[name]

    def __contains__(self, name: object) -> bool:
        return name in self._opened

    def __iter__(self) -> Iterator[str]:
        return iter(self._opened)

    def __len__(self) -> int:
        return len(self._opened)


def open_inputs(
    mesh: Mesh, loaded: LoadedProduct, window: Window
) -> tuple[Inputs, tuple[InputRead, ...]]:
    """Every declared input, restricted to what the window reads, and a note of its state.

    Raises `AccessDenied` where the product's domain may not read one, and `NeverPublished` when a
    partition that the window needs is not published.
    """
    opened: dict[str, Input] = {}
    states: dict[Address, Publication] = {}
    reads: list[InputRead] = []
    product = loaded.product
    upstreams = {
        each.name: mesh.resolve(each.address) for each in product.inputs if each.address is not None
    }
    reader = of_domain(product.address.domain)
    wanted = Wanted(
        product.purpose, product, _declared(product, upstreams), _purposes(product, upstreams)
    )
    admitted = admit(mesh, reader, list(upstreams.values()), product.address.path, wanted)
    for port in product.inputs:
        if port.source is not None:
            stated = loaded.wiring.sources[port.name]
            opened[port.name] = SourceData(stated, loaded.folder, mesh.storage.url)
            reads.append(InputRead(port.name, f"source:{port.source}"))
        else:
            address = upstreams[port.name]
            found, read = _open_product(mesh, loaded, port, address, window, states=states)
            reads.append(read)
            if isinstance(found, PortData):
                found = admitted.narrowed(address, found)
            opened[port.name] = found
    admitted.note(
        [
            Seen(upstreams[each.port], each.number, _columns(opened[each.port]))
            for each in reads
            if each.number is not None
        ]
    )
    return Inputs(product.address.path, opened), tuple(reads)


def _declared(
    product: Product, upstreams: Mapping[str, Address]
) -> dict[Address, tuple[str, ...] | None]:
    """The columns that the input ports on each port declare; None where one declares all."""
    found: dict[Address, tuple[str, ...] | None] = {}
    for each in product.inputs:
        if each.name in upstreams:
            address = upstreams[each.name]
            known = found.get(address, ())
            both = known is None or each.columns is None
            found[address] = None if both else (*(known or ()), *(each.columns or ()))
    return found


def _purposes(product: Product, upstreams: Mapping[str, Address]) -> dict[Address, tuple[str, ...]]:
    """What the input ports on each port say that it is read for."""
    found: dict[Address, tuple[str, ...]] = {}
    for each in product.inputs:
        if each.name in upstreams and each.purpose is not None:
            address = upstreams[each.name]
            found[address] = (*found.get(address, ()), each.purpose)
    return found


def _columns(opened: Input) -> tuple[str, ...] | None:
    return opened.columns if isinstance(opened, PortData) else None


def upstream_keys(
    loaded: LoadedProduct, port: str, window: Window, upstream: Partitioning | None
) -> tuple[str, ...] | None:
    """Which partitions of an input a window reads; None is everything.

    A window in defs.yaml counts in our own partitions, as Dagster's mappings do: with (-7, -1) a
    day reads the seven days before, in whatever windows the upstream cuts them.
    """
    own = window.partitioning
    if upstream is None or not window.keys or own is None:
        return None
    first, last = loaded.wiring.windows.get(port, (0, 0))
    keys: dict[str, None] = {}
    for key in window.keys:
        start = own.window(own.shift(key, first))[0]
        end = own.window(own.shift(key, last))[1]
        covered = upstream.between(upstream.key_of(start), upstream.key_of(end - _INSTANT))
        keys.update(dict.fromkeys(covered))
    now, since = clock.now(), clock.since()
    return tuple(sorted(key for key in keys if upstream.exists(key, now, since)))


def _open_product(
    mesh: Mesh,
    loaded: LoadedProduct,
    port: InputPort,
    address: Address,
    window: Window,
    *,
    states: dict[Address, Publication],
) -> tuple[Input, InputRead]:
    """`states` keeps the publication that is read of a product: one run reads all its ports so."""
    keys = upstream_keys(loaded, port.name, window, mesh.partitioning(address))
    if keys == ():
        contract = mesh.contract(address)
        none = NoData(contract_layout(contract), port.columns)
        return none, InputRead(port.name, str(address), partitions=())
    product = address.of_product
    publication = states.setdefault(product, publication_at(mesh, address))
    data = open_published(mesh, address, publication=publication, partitions=keys)
    data = replace(data, columns=port.columns)
    if missing := _missing(mesh, data, product, keys or ()):
        raise NeverPublished(
            f"{loaded.product.address.path} needs partitions of {address.path} that are not "
            f"published: {', '.join(missing[:5])}{' …' if len(missing) > 5 else ''}",
            where=port.where,
            fix=f"mesh quarantine {address.path}",
        )
    return data, InputRead(port.name, str(address), publication.id, publication.number, keys)


def _missing(mesh: Mesh, data: PortData, product: Address, keys: Sequence[str]) -> list[str]:
    """The keys that are not published. Most are seen in the port's own files."""
    held = {places.origin(file)[1] for file in data.files} | set(data.publication.empty)
    if all(key in held for key in keys):
        return []
    held |= coverage.partitions(mesh.storage, product, data.publication)
    return [key for key in keys if key not in held]
