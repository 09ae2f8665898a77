"""Writing a domain's document: its own entries into it, by compare-and-swap.

Several processes of a domain write at once (its location, runs, commands): each reads what there
is, puts its own entries in and swaps the object, and begins anew where another was first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from logging import getLogger

from mesh_dagster.descriptors.source import Source
from mesh_dagster.errors import StorageError
from mesh_dagster.model.discovery import About
from mesh_dagster.ports.storage import Storage
from mesh_dagster.registry.documents import (
    LARGEST,
    NEWER,
    Document,
    document_key,
    encode_document,
    parse_document,
)
from mesh_dagster.registry.replacing import replace_object

Change = Callable[[Document], Mapping[str, bytes]]
"""The document as it is -> all entries that it is to have."""


def write_document(storage: Storage, about: About, change: Change) -> bool:
    """Change the document of a domain; whether that made another of it.

    `change` is called again where another process was first. A document that cannot be used is
    made anew. Raises `StorageError`, also for one that would be too large for its readers.
    """
    key = document_key(about.name)

    def changed(data: bytes | None) -> bytes:
        wanted = encode_document(about, change(_known(data, about, key)))
        if wanted != data and len(wanted) > LARGEST:
            raise StorageError(
                f"the discovery document of {about.name} would have {len(wanted):,} bytes, more "
                f"than the {LARGEST:,} that its readers take",
                where=storage.uri(key),
                fix="give example queries smaller results, or divide the domain",
            )
        return wanted

    return replace_object(storage, key, changed)


def _known(data: bytes | None, about: About, key: str) -> Document:
    if data is not None:
        source = Source(key, about.name, tolerant=True)
        document = parse_document(data, about.name, source)
        if document is not None:
            return document
        if source.findings[0].code == NEWER:
            raise StorageError(
                f"{key} is a newer release's: {source.findings[0].message}",
                code=NEWER,
                where=key,
                fix="pip install -U mesh-dagster",
            )
        getLogger("mesh_dagster").warning("%s is written anew: %s", key, source.findings[0])
    return Document(about, "", {})
