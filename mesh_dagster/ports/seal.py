"""Seals: what was in a staged file when it was audited.

Who releases a file against its contract has looked at an audit of it, so the very bytes that were
audited are what is published, or nothing is.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import replace

from mesh_dagster.errors import EvaluationError, MissingObject, StorageError
from mesh_dagster.model.address import Address
from mesh_dagster.model.snapshot import Staged, StagedFile
from mesh_dagster.ports import places
from mesh_dagster.ports.storage import Storage

_CHUNK = 1 << 20
_SHOWN = 12


def sealed(
    storage: Storage, product: Address, staged: Staged, partitions: Collection[str | None]
) -> Staged:
    """The same with the checksum of each file of these partitions."""
    files = (
        replace(file, sha256=_checksum(storage, product, file))
        if file.partition in partitions
        else file
        for file in staged.files
    )
    return replace(staged, files=tuple(files))


def still_sealed(storage: Storage, product: Address, staged: Staged) -> Staged:
    """The same, with a checksum of each file that has none and is there.

    Raises `EvaluationError` for a file that is not what its checksum says.
    """
    known = tuple(file for file in staged.files if file.sha256 is not None)
    refuse_changed(storage, product, [replace(staged, files=known)])
    return replace(staged, files=tuple(_with_seal(storage, product, each) for each in staged.files))


def _with_seal(storage: Storage, product: Address, file: StagedFile) -> StagedFile:
    if file.sha256 is None:
        with suppress(MissingObject):
            return replace(file, sha256=_checksum(storage, product, file))
    return file


def refuse_changed(storage: Storage, product: Address, staged: Sequence[Staged]) -> None:
    """Raise `EvaluationError` for a file that is not what was audited, is gone, or has no seal."""
    files = [file for each in staged for file in each.files]
    gone = storage.missing(_key(product, file) for file in files)
    for file in files:
        if file.sha256 is None:
            raise EvaluationError(
                f"no checksum was taken of {file.path} when it was audited, so nobody can tell "
                "whether it is still the same",
                code="MESH-M046",
                where=storage.uri(_key(product, file)),
                fix=f"mesh audit {product.path} --quarantined, then decide on that audit",
            )
        try:
            found = "gone" if _key(product, file) in gone else _inside(storage, product, file)
        except MissingObject:
            found = "gone"
        if found != file.sha256:
            raise EvaluationError(
                f"{file.path} is not what was audited: its checksum was "
                f"{file.sha256[:_SHOWN]}, and it is {found} now",
                code="MESH-M046",
                where=storage.uri(_key(product, file)),
                fix=f"mesh run {product.path}"
                + (f" --partition {file.partition}" if file.partition else ""),
            )


def _inside(storage: Storage, product: Address, file: StagedFile) -> str:
    """The checksum of a file that lies in the storage: what is elsewhere is not the mesh's to
    keep, and who may write there could change it after it was looked at."""
    try:
        storage.allow(_key(product, file))
    except StorageError:
        return "a link out of the storage"
    found = _checksum(storage, product, file)
    return found if found == file.sha256 else found[:_SHOWN]


def _checksum(storage: Storage, product: Address, file: StagedFile) -> str:
    from hashlib import sha256

    found = sha256()
    with storage.open(_key(product, file)) as opened:
        while chunk := opened.read(_CHUNK):
            found.update(chunk)
    return found.hexdigest()


def _key(product: Address, file: StagedFile) -> str:
    return f"{places.root(product)}/{file.path}"
