"""Discovery documents: by them a domain describes its products to the mesh.

One JSON object a domain, at `<domain>/discovery.json` below the registry, written by that domain
alone; `mesh registry schema` prints its JSON Schema. Readers take what they know and ignore the
rest, so domains on different releases understand each other; a document that cannot be used is a
finding about its domain and hides no other. Releases before this one wrote one document a
product (`first`), which are read where there is no entry of the product.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from mesh_dagster.descriptors.source import Source, shown
from mesh_dagster.errors import AddressError, MeshError, MissingObject, UsageError
from mesh_dagster.model.address import SCHEME, is_name
from mesh_dagster.model.discovery import About
from mesh_dagster.model.finding import Finding
from mesh_dagster.ports.storage import Entry as Object
from mesh_dagster.ports.storage import Storage
from mesh_dagster.registry import first
from mesh_dagster.registry.described import Described
from mesh_dagster.registry.entries import LARGEST as LARGEST_ENTRY
from mesh_dagster.registry.entries import decode_entry, line, mapping, parsed

SCHEMA_VERSION = 2
LARGEST = 64 * 1024 * 1024
"""Bytes of a document; one that is not a product a line, or one line of it, has 8 MiB."""

MOST_PRODUCTS = 10_000
MOST_SETS = 100
"""Of policies, that a domain tells the versions of."""

NAME = "discovery.json"
NEWER = "MESH-D041"
_BROKEN = (ValueError, KeyError, TypeError, AttributeError, RecursionError, AddressError)


@dataclass(frozen=True, slots=True)
class Document:
    """What one domain tells. `entries` are by the path of the product, as lines of JSON that
    are parsed when one is asked for."""

    about: About
    release: str
    entries: Mapping[str, bytes]
    name: str = ""
    """Where it was read, for a person."""

    unread: frozenset[str] = frozenset()
    """Objects that storage would not give: of what they tell nothing is known at the moment."""

    versions: Mapping[str, str] = field(default_factory=dict, compare=False)
    """Of the objects that `document_of` read it from, as the listing before had them."""

    def described(self, path: str, findings: list[Finding] | None = None) -> Described | None:
        """One product of it; None where it is not there, or cannot be used."""
        if path not in self.entries:
            return None
        source = Source(self.name, path, tolerant=True)
        found = decode_entry(self.entries[path], path, source)
        if findings is not None:
            findings += source.findings
        return found


def document_key(domain: str) -> str:
    """Where the document of a domain lies in the registry."""
    return f"{domain}/{NAME}"


def document_of(storage: Storage, domain: str, findings: list[Finding] | None = None) -> Document:
    """What a domain tells, by its document and those of earlier releases.

    What is wrong with them is in `findings`. Raises `StorageError` where storage cannot be asked.
    """
    objects = list(storage.list(f"{domain}/"))
    found = together(storage, domain, objects, findings)
    return replace(found, versions=_versions(domain, objects))


def is_current(storage: Storage, domain: str, document: Document) -> bool:
    """Whether what a domain tells is still what was read, as a listing says that reads nothing.

    Raises `StorageError` where storage cannot be asked.
    """
    return _versions(domain, storage.list(f"{domain}/")) == document.versions


def _versions(domain: str, objects: Iterable[Object]) -> dict[str, str]:
    own = document_key(domain)
    return {
        each.key: each.version for each in objects if each.key == own or first.is_document(each.key)
    }


def documents(storage: Storage, findings: list[Finding] | None = None) -> Iterator[Document]:
    """What each domain tells, by name; domains that tell nothing are left out.

    Raises `StorageError` only if the registry cannot be listed at all.
    """
    for domain, objects in by_domain(storage.list("")).items():
        document = together(storage, domain, objects, findings)
        if document.entries:
            yield document


def by_domain(objects: Iterable[Object]) -> dict[str, list[Object]]:
    """What a listing of the registry has found, of each domain.

    No document of a domain has a name that is not ASCII, and one may not even be a text.
    """
    found: dict[str, list[Object]] = {}
    for each in objects:
        domain, inside, _ = each.key.partition("/")
        if inside and each.key.isascii():
            found.setdefault(domain, []).append(each)
    return dict(sorted(found.items()))


def together(
    storage: Storage, domain: str, objects: Iterable[Object], findings: list[Finding] | None
) -> Document:
    """What a domain tells by the objects that a listing has found of it.

    An entry of an earlier release stands where the newer document has none. Objects that cannot
    be read are `unread`.
    """
    document = Document(About(domain), "", {}, domain)
    earlier = {}
    for found in objects:
        if found.key == document_key(domain):
            document = _read(storage, found, findings, document)
        elif first.is_document(found.key):
            earlier[first.path_of(found.key)] = found
    entries, unread = dict(document.entries), set(document.unread)
    for path, found in earlier.items():
        if path in entries:
            continue
        try:
            entry = first.read_entry(storage, found, findings)
        except MeshError:
            unread.add(found.key)
            continue
        if entry:
            entries[path] = entry
    return replace(document, entries=entries, unread=frozenset(unread))


def _read(
    storage: Storage, found: Object, findings: list[Finding] | None, nothing: Document
) -> Document:
    """A document, or `nothing` where there is none that can be used."""
    domain = found.key.partition("/")[0]
    source = Source(found.key, domain, tolerant=True)
    try:
        source.name = storage.uri(found.key)
        document = _sized(storage, found, domain, source)
    except MissingObject:
        return nothing  # its domain withdrew it meanwhile
    except MeshError as error:
        source.report("MESH-D040", f"the discovery document cannot be read: {error.what}")
        unread = () if isinstance(error, UsageError) else (found.key,)
        document = replace(nothing, unread=frozenset(unread))
    if findings is not None:
        findings += source.findings
    return document or nothing


def _sized(storage: Storage, found: Object, domain: str, source: Source) -> Document | None:
    if found.size > LARGEST:
        _too_large(found.size, source)
        return None
    return parse_document(storage.read(found.key), domain, source)


def parse_document(data: bytes, domain: str, source: Source) -> Document | None:
    """What a document says, its entries unparsed; None where it cannot be used."""
    if len(data) > LARGEST:
        _too_large(len(data), source)
        return None
    try:
        return _parsed(data, domain, source)
    except _BROKEN as error:
        source.report(
            "MESH-D040",
            f"the discovery document cannot be used: {str(error)[:200] or type(error).__name__}",
            fix=f"its domain writes it again: mesh registry write {domain}",
        )
        return None


def _parsed(data: bytes, domain: str, source: Source) -> Document | None:
    head, lines = _lines(data)
    document = parsed(head)
    if (message := first.other_release(document.get("schemaVersion"), SCHEMA_VERSION)) is not None:
        newer, what = message
        fix = "pip install -U mesh-dagster" if newer else None
        source.report(NEWER if newer else "MESH-D040", what, fix=fix)
        return None
    about = _about(mapping(document, "domain"))
    if about.name != domain or not is_name(domain):
        raise ValueError(f"it is of the domain {about.name!r:.80}, and lies at {domain}")
    if len(lines) > MOST_PRODUCTS:
        raise ValueError(f"it has {len(lines):,} products, {MOST_PRODUCTS:,} are allowed")
    entries = {}
    for each in lines:
        path = _path(each, domain, source)
        if path is not None:
            entries[path] = each
    return Document(about, str(document.get("release", ""))[:80], entries, source.name)


def _lines(data: bytes) -> tuple[bytes, list[bytes]]:
    """The head of a document, and its entries as lines.

    As releases write it, each entry is a line; what is laid out otherwise is parsed whole.
    """
    end = data.find(b"\n")
    head = data[:end]
    if head.endswith(b'"products":[') and data.endswith(b"\n]}\n"):
        entries = list(islice(_entries(data, end), MOST_PRODUCTS + 1))
        if all(map(_is_entry, entries)):
            return head + b"]}", entries
    if len(data) > LARGEST_ENTRY:
        raise ValueError(
            f"it has {len(data):,} bytes, more than {LARGEST_ENTRY:,}, and not a product a line"
        )
    document = json.loads(data)
    if not isinstance(document, dict):
        raise ValueError(f"it is {shown(document)}, expected a mapping")
    products = document.pop("products", [])
    if not isinstance(products, list):
        raise ValueError(f"`products` is {shown(products)}, expected a list")
    return line(document), [line(_addressed(each)) for each in products]


_BEGINS = b'{"address":"' + SCHEME.encode()
_ADDRESS = re.compile(
    _BEGINS + rb'(([a-z0-9_]{1,63})/([a-z0-9_]{1,63})/v(?:0|[1-9][0-9]{0,3}))"', re.ASCII
)


def _entries(data: bytes, end: int) -> Iterator[bytes]:
    """The lines of a document between its first and its last, without the commas between them.

    Each is copied once: there are megabytes of them.
    """
    last = len(data) - len(b"]}\n")
    while (start := end + 1) < last:
        end = data.find(b"\n", start)
        yield data[start : end - data.startswith(b",", end - 1)]


def _is_entry(line: bytes) -> bool:
    return line.startswith(_BEGINS) and line.endswith(b"}")


def _addressed(entry: Any) -> dict[str, Any]:
    """An entry with its address in front; one without any stands for nothing."""
    if not isinstance(entry, dict):
        return {"address": ""}
    return {"address": entry.get("address"), **entry}


def _path(entry: bytes, domain: str, source: Source) -> str | None:
    """The path of the product that an entry is of; None where it is no product of the domain."""
    found = _ADDRESS.match(entry)
    if found is not None and found[2].decode() == domain and is_name(found[3].decode()):
        return found[1].decode()
    named = entry[len(b'{"address":') :][:80].decode(errors="replace").partition(",")[0]
    source.report("MESH-D040", f"{named} stands in it, which is no product of the domain")
    return None


def _about(stated: Mapping[str, Any]) -> About:
    known = {name: stated.get(name) for name in ("team", "contact", "description", "region")}
    if not all(each is None or isinstance(each, str) for each in known.values()):
        raise ValueError("`domain` holds what is no text")
    return About(str(stated["name"]), **known, policies=_policies(stated.get("policies")))


def _policies(stated: Any) -> dict[str, str]:
    """The versions of sets of policies; what is none of that is left out."""
    listed = list(stated.items())[:MOST_SETS] if isinstance(stated, dict) else []
    return {name: told for name, told in listed if isinstance(told, str)}


def encode_document(about: About, entries: Mapping[str, bytes]) -> bytes:
    """A document of a domain: the same entries give the same bytes on one release."""
    from importlib.metadata import version

    told: dict[str, Any] = {"name": about.name, "team": about.team, "contact": about.contact}
    told |= {"description": about.description, "region": about.region}
    if about.policies:
        told["policies"] = dict(about.policies)
    head = {
        "schemaVersion": SCHEMA_VERSION,
        "release": version("mesh-dagster"),
        "domain": {name: value for name, value in told.items() if value is not None},
        "products": [],
    }
    lines = b",\n".join(entries[path] for path in sorted(entries))
    return line(head).removesuffix(b"]}") + b"\n" + lines + b"\n" * bool(lines) + b"]}\n"


def described_of(
    document: Document, product: str = "", findings: list[Finding] | None = None
) -> tuple[Described, ...]:
    """The products of a document by address; of one name (`flights/departures`) all majors."""
    below = f"{product}/" if product else ""
    paths = (path for path in document.entries if path.startswith(below))
    return _by_address(document.described(path, findings) for path in paths)


def read_documents(
    storage: Storage, findings: list[Finding] | None = None
) -> tuple[Described, ...]:
    """All products that documents tell of, by address; what is wrong with others is in
    `findings`. Raises `StorageError` only if the registry cannot be listed at all."""
    return _by_address(
        document.described(path, findings)
        for document in documents(storage, findings)
        for path in document.entries
    )


def _by_address(found: Iterator[Described | None]) -> tuple[Described, ...]:
    told = [each for each in found if each is not None]
    return tuple(sorted(told, key=lambda each: each.product.address))


def _too_large(size: int, source: Source) -> None:
    message = f"the discovery document has {size:,} bytes, more than the {LARGEST:,} allowed"
    source.report("MESH-D040", message)
