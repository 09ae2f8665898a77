"""Documents of the first schema: one a product and major, at `<domain>/<product>/v<major>.json`.

Domains on a release that wrote them are read until they come to a newer one. What they hold is an
entry that tells no facts.
"""

from __future__ import annotations

import re
from typing import Any

from mesh_dagster.descriptors.source import Source, shown
from mesh_dagster.errors import MeshError, MissingObject, UsageError
from mesh_dagster.model.address import is_name
from mesh_dagster.model.finding import Finding
from mesh_dagster.ports.storage import Entry as Object
from mesh_dagster.ports.storage import Storage
from mesh_dagster.registry.entries import LARGEST, line, parsed

SCHEMA_VERSION = 1
_SUFFIX = ".json"
_KEY = re.compile(r"([a-z0-9_]+)/([a-z0-9_]+)/v(?:0|[1-9][0-9]{0,3})\.json", re.ASCII)


def is_document(key: str) -> bool:
    """Whether an object of the registry is to be read as one; what lies elsewhere is not."""
    found = _KEY.fullmatch(key)
    return found is not None and is_name(found[1]) and is_name(found[2])


def path_of(key: str) -> str:
    """The path of the product that it describes."""
    return key.removesuffix(_SUFFIX)


def read_entry(
    storage: Storage, found: Object, findings: list[Finding] | None = None
) -> bytes | None:
    """The entry that a document of the first schema stands for; None if it cannot be used.

    Raises `StorageError`, which is a finding too, where it cannot be read at the moment.
    """
    source = Source(found.key, path_of(found.key), tolerant=True)
    try:
        return _entry(storage, found, source)
    finally:
        if findings is not None:
            findings += source.findings


def _entry(storage: Storage, found: Object, source: Source) -> bytes | None:
    try:
        source.name = storage.uri(found.key)
        if found.size > LARGEST:
            raise ValueError(f"it has {found.size:,} bytes, more than the {LARGEST:,} allowed")
        document = parsed(storage.read(found.key))
        wrong = other_release(document.pop("schemaVersion", None), SCHEMA_VERSION)
        if wrong is not None:
            source.report("MESH-D041" if wrong[0] else "MESH-D040", wrong[1])
            return None
        return line(document)
    except MissingObject:
        return None  # its domain withdrew it meanwhile
    except MeshError as error:
        source.report("MESH-D040", f"the discovery document cannot be read: {error.what}")
        if not isinstance(error, UsageError):  # no key of a storage, which it will never be
            raise
    except (ValueError, TypeError, RecursionError) as error:
        told = str(error)[:200] or type(error).__name__
        source.report("MESH-D040", f"the discovery document cannot be used: {told}")
    return None


def other_release(version: Any, known: int) -> tuple[bool, str] | None:
    """Whether a document is a newer release's, and what to say of it; None if it is readable."""
    if type(version) is int and version == known:
        return None
    newer = type(version) is int and version > known
    return newer, f"`schemaVersion` is {shown(version)}, this release reads {known}"
