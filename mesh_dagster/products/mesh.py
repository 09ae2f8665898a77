"""The mesh as one checkout of it sees it: its own domains, and what all others published.

A domain needs no other domain's files: what is not here is known from discovery documents and
pointers (design rule 5).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from mesh_dagster import clock
from mesh_dagster.descriptors.domain import read_domain
from mesh_dagster.descriptors.mesh import find_mesh, read_mesh
from mesh_dagster.descriptors.product import (
    Listed,
    Listing,
    domain_folders,
    list_products,
    load_product,
)
from mesh_dagster.errors import DescriptorError, MeshError, UnknownAddress
from mesh_dagster.model.address import Address
from mesh_dagster.model.contract import Contract
from mesh_dagster.model.discovery import About
from mesh_dagster.model.domain import EMBEDDED, Domain, LoadedProduct, MeshConfig
from mesh_dagster.model.finding import Finding
from mesh_dagster.model.partition import Partitioning
from mesh_dagster.model.product import Product
from mesh_dagster.ports.storage import Storage, open_storage
from mesh_dagster.registry.described import Described
from mesh_dagster.registry.documents import (
    Document,
    described_of,
    document_of,
    is_current,
    read_documents,
)
from mesh_dagster.registry.resolve import resolve

if TYPE_CHECKING:
    import polars as pl

    from mesh_dagster.journal import Journal, Summary
    from mesh_dagster.policies.governed import Governed
    from mesh_dagster.products.discovering.search_result import SearchResult
    from mesh_dagster.products.reading.port import Port
    from mesh_dagster.products.reading.read import AsOf
    from mesh_dagster.products.reading.sql.process import Limits
    from mesh_dagster.registry.search import Filters


class Mesh:
    """Where everything of a mesh is found. Cheap to make: nothing is opened before it is used."""

    def __init__(self, config: MeshConfig) -> None:
        self.config = config
        self._found: dict[str, tuple[Described, ...]] = {}
        self._told: dict[str, Document] = {}
        self._governed: dict[str, Governed | None] = {}

    @classmethod
    def open(cls, start: Path | None = None) -> Mesh:
        """The mesh of a folder (the current one): MESH_CONFIG, or the mesh.yaml above it.

        A replay that mesh.yaml asks for begins here. Raises `NotInMesh` where there is none,
        `DescriptorError` for one that cannot be used.
        """
        config = read_mesh(find_mesh(start))
        replay = config.replay
        clock.replay(replay.now if replay else None, replay.since if replay else None)
        return cls(config)

    def __getitem__(self, address: str | Address) -> Port:
        """An output port by its address or its SQL name. Raises `UnknownAddress`."""
        from mesh_dagster.products.reading.port import Port

        named = Address.read(address) if isinstance(address, str) else address
        return Port(self, self.resolve(named))

    def __iter__(self) -> Iterator[str]:
        """The paths of all products, each of which can be asked for: `mesh[path]`."""
        return iter([each.address.path for each in self.products()])

    def __repr__(self) -> str:
        return f"Mesh({self.config.name!r} at {self.config.root}: mesh['domain/product'].read())"

    def _ipython_key_completions_(self) -> list[str]:
        return list(self)

    def search(
        self, terms: str, filters: Filters | None = None, *, limit: int = 20
    ) -> SearchResult:
        """The products of the whole mesh that words find, the best first.

        Raises `StorageError` where the registry cannot be asked and never was.
        """
        from mesh_dagster.products.discovering.finding import find
        from mesh_dagster.products.discovering.search_result import SearchResult
        from mesh_dagster.registry.search import NO_FILTERS

        return SearchResult(self, find(self, terms, filters or NO_FILTERS, limit))

    def query(
        self,
        sql: str,
        *,
        as_of: AsOf = None,
        limits: Limits | None = None,
        purpose: str | None = None,
    ) -> pl.DataFrame:
        """The rows of one SELECT over products. Raises what `mesh_dagster.query` raises."""
        from mesh_dagster.products.reading.port import rows_of
        from mesh_dagster.products.reading.sql.process import DEFAULT

        return rows_of(self, sql, as_of=as_of, limits=limits or DEFAULT, purpose=purpose)

    @cached_property
    def storage(self) -> Storage:
        """Where the ports of all products are published."""
        return open_storage(self.config.storage)

    @cached_property
    def documents(self) -> Storage:
        """Where all domains keep their discovery documents."""
        return open_storage(self.config.registry)

    @cached_property
    def listing(self) -> Listing:
        """The products whose files are here, and what is wrong with those unreadable."""
        return list_products(self.config)

    @cached_property
    def elsewhere(self) -> tuple[Described, ...]:
        """What is known by discovery documents alone: the products of other checkouts."""
        here = {folder.name for folder in domain_folders(self.config)}
        return tuple(each for each in self._registry[0] if each.domain not in here)

    @property
    def registry_findings(self) -> tuple[Finding, ...]:
        """What is wrong with discovery documents that could not be read, of whatever domain."""
        return self._registry[1]

    @cached_property
    def _registry(self) -> tuple[tuple[Described, ...], tuple[Finding, ...]]:
        findings: list[Finding] = []
        return read_documents(self.documents, findings), tuple(findings)

    def own(self, domain: str | None = None) -> tuple[Product, ...]:
        """The products whose files are in this checkout, or those of one domain of it."""
        found = (listed.product for listed in self.listing.products)
        return tuple(each for each in found if domain in (None, each.address.domain))

    def readable(self, domain: str) -> Iterator[LoadedProduct]:
        """All files of the products of a domain of this checkout, where they can be read."""
        for product in self.own(domain):
            with suppress(DescriptorError):
                yield self.load(product.address)

    def products(self) -> tuple[Product, ...]:
        """All products of the mesh, by address."""
        described = tuple(each.product for each in self.elsewhere)
        return tuple(sorted(self.own() + described, key=lambda each: each.address))

    def resolve(self, address: Address) -> Address:
        """The address with its major: the newest active one where it names none.

        A product whose files here cannot be read is known by its document, as others are.
        Raises `UnknownAddress` when no product, or no port of it, is there.
        """
        own = self.own()
        try:
            if any(each.address.domain == address.domain for each in own):
                return resolve(address, own)
        except UnknownAddress:
            if not self.listing.findings:
                raise
        majors = [each.product for each in self._majors(address)]
        return resolve(address, majors or self.products())

    def resolve_own(self, address: Address) -> Address:
        """The same for an owner: the only major of a product is meant, whatever its status."""
        own = (each.address for each in self.own())
        asked = (address.domain, address.product)
        majors = [each.major for each in own if (each.domain, each.product) == asked]
        only = majors[0] if len(majors) == 1 and address.major is None else None
        return self.resolve(address if only is None else address.with_major(only))

    def product(self, address: Address) -> Product:
        """The descriptor of a product, by its files or else its document.

        Raises `UnknownAddress`.
        """
        product = self.resolve(address).of_product
        for each in self.own(product.domain):
            if each.address == product:
                return each
        return self.told(product).product

    def load(self, address: Address) -> LoadedProduct:
        """All files of a product of this checkout. Raises `UnknownAddress`, `DescriptorError`."""
        product = self.resolve_own(address).of_product
        listed = self._listed(product)
        if listed is None:
            raise UnknownAddress(
                f"{product.path} is known to the mesh, but its files are not in this checkout",
                fix=f"run this where the domain {product.domain} is kept",
            )
        return load_product(listed.folder, listed.domain, self.config.masks)

    def described(self, address: Address, *, anew: bool = False) -> Described:
        """A product's descriptor, contracts and partitions, from its files or its document.

        `anew` is for who decides by it: a document that was written since is not what it was.
        Broken files of one product are no reason not to read what it has published. Raises
        `DescriptorError` for them where there is no document either, `UnknownAddress`.
        """
        product = self.resolve(address).of_product
        if self._listed(product) is None:
            return self._in_document(product, anew)
        try:
            return Described.of(self.load(product))
        except DescriptorError:
            with suppress(UnknownAddress):
                return self._in_document(product, anew)
            raise

    def contract(self, address: Address) -> Contract:
        """The contract of a port, which a resolved address names; the first has no name.

        Raises `KeyError` where the product has no such port.
        """
        return self.described(address).contracts[address.port or ""]

    def told(self, address: Address) -> Described:
        """What its domain's document tells of a product. Raises `UnknownAddress` if nothing."""
        return self._in_document(self.resolve(address).of_product)

    def _in_document(self, product: Address, anew: bool = False) -> Described:
        if anew:
            self._forget_outdated(product.domain)
        for each in self._majors(product):
            if each.product.address == product:
                return each
        raise UnknownAddress(
            f"{product.path} is in no discovery document",
            fix=f"mesh registry write {product.domain}",
        )

    def partitioning(self, address: Address) -> Partitioning | None:
        """How a product is cut into partitions; None where it has none."""
        return self.described(address).partitioning

    @cached_property
    def domains(self) -> tuple[Domain, ...]:
        """The domains whose files are here; a domain.yaml that is broken is in `listing`."""
        found = []
        for folder in domain_folders(self.config):
            with suppress(DescriptorError):
                found.append(read_domain(folder))
        return tuple(found)

    @property
    def domain_names(self) -> tuple[str, ...]:
        """What the domains are called whose files are here."""
        return tuple(each.name for each in self.domains)

    def about(self, domain: str) -> About | None:
        """What a domain tells of itself, by its files or its document; None where nobody knows."""
        for each in self.domains:
            if each.name == domain:
                return About.of(each)
        with suppress(MeshError):
            return document_of(self.documents, domain).about
        return None

    def governed(self, domain: str = "") -> Governed | None:
        """The policies that hold in a domain, and who is let off them; None where there are none.

        Without a domain, or of one whose files are not here, they are those of the mesh.
        """
        if domain not in self._governed:
            here = next((each for each in self.domains if domain == each.name), None)
            stated = self.config.policies or (here and here.policies)
            self._governed[domain] = self._govern(here) if stated else None
        return self._governed[domain]

    def _govern(self, domain: Domain | None) -> Governed:
        from mesh_dagster.descriptors.waivers import read_waivers
        from mesh_dagster.model.policy import Scope
        from mesh_dagster.policies.governed import Governed

        folders = {Scope.GLOBAL: self.config.root}
        if domain is not None:
            folders[Scope.DOMAIN] = domain.folder
        read = {scope: read_waivers(folder) for scope, folder in folders.items()}
        waivers = {scope: each for scope, (each, _) in read.items()}
        findings = [each for _, found in read.values() for each in found]
        return Governed(self.config, domain, waivers, findings)

    def journal(self, domain: str) -> Journal:
        """The ledger of a domain; close it, or use it in a `with`."""
        from mesh_dagster.journal import open_journal

        return open_journal(self.journal_place(domain), domain)

    def summary(self, domain: str | None = None) -> list[Summary]:
        """What products of this checkout came to, one line each that was ever attempted.

        Of one domain only its own journal is opened: another's may be out of order.
        """
        from mesh_dagster.journal import glance

        names = [each for each in self.domain_names if domain in (None, each)]
        return [line for name in names for line in glance(self.journal_place(name), name)]

    def journal_place(self, domain: str) -> str | Path:
        """A URL, or the file of the embedded one: a path may hold what ends a URL's."""
        embedded = self.config.state / "journals" / f"{domain}.db"
        return embedded if self.config.journal == EMBEDDED else self.config.journal

    def _majors(self, address: Address) -> tuple[Described, ...]:
        """What documents tell of a product elsewhere. Kept once found, asked for until then.

        Of a domain's document only the entries of this product are parsed.
        """
        path = f"{address.domain}/{address.product}"
        if path not in self._found:
            kept = self._told.get(address.domain)
            found = described_of(kept, path) if kept else ()
            if not found:
                kept = self._told[address.domain] = document_of(self.documents, address.domain)
                found = described_of(kept, path)
            if not found:
                return ()
            self._found[path] = found
        return self._found[path]

    def _forget_outdated(self, domain: str) -> None:
        """Keep nothing of a domain's document that says something else by now."""
        kept = self._told.get(domain)
        if kept is None or is_current(self.documents, domain, kept):
            return
        self._told.pop(domain, None)
        for path in [each for each in self._found if each.startswith(f"{domain}/")]:
            self._found.pop(path, None)

    def _listed(self, product: Address) -> Listed | None:
        found = [each for each in self.listing.products if each.product.address == product]
        return found[0] if found else None
