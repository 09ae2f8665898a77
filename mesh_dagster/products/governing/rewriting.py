"""Writing what became of a product into its own files: comments stay, and all of it or nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mesh_dagster.contracts.evolution.change import Bump
from mesh_dagster.contracts.evolution.versions import required
from mesh_dagster.descriptors import syntax
from mesh_dagster.descriptors.editing import Place, custom, edited
from mesh_dagster.descriptors.files import DESCRIPTOR
from mesh_dagster.descriptors.folder import contract_files
from mesh_dagster.descriptors.product import load_product
from mesh_dagster.descriptors.source import Source, shown_path
from mesh_dagster.descriptors.writing import replace_file
from mesh_dagster.errors import MeshError, UsageError
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.product import Status

Changes = Mapping[Place, Any]


@dataclass(frozen=True, slots=True)
class Rewriting:
    """The files of a product with other text, not yet written: `before` and `after` by path."""

    folder: Path
    before: Mapping[Path, bytes]
    after: Mapping[Path, bytes]

    def write(self) -> LoadedProduct:
        """Write them, and read the product again.

        What cannot be read again, or not be written, is put back as it was. Raises
        `DescriptorError`, `UsageError`.
        """
        try:
            for path, data in self.after.items():
                replace_file(path, data)
            return load_product(self.folder)
        except (OSError, MeshError) as error:
            for path, data in self.before.items():
                with suppress(OSError):
                    replace_file(path, data)
            if isinstance(error, OSError):
                raise UsageError(
                    f"{shown_path(self.folder)} cannot be written: {error.strerror or error}",
                    where=shown_path(self.folder),
                    fix="do it in a checkout of the domain that you may write to",
                ) from error
            raise


def of_status(
    loaded: LoadedProduct, status: Status, *, told: bool, **custom_values: Any
) -> Rewriting:
    """A product's files with another status, and other values of custom properties.

    Where the mesh was `told` of its contracts, those that change are a minor later: their readers
    see it by the version. Raises `UsageError` for a file that has to be changed by hand.
    """
    product = loaded.product
    changes: dict[Place, Any] = {}
    changed: dict[Path, Changes] = {}
    ports = {str(each.address): at for at, each in enumerate(product.outputs)}
    by_id = {contract.id: contract for contract in loaded.contracts.values()}
    for path, id_ in _contracts(loaded.folder):
        contract = by_id.get(id_)
        if contract is None or contract.status is status:
            continue
        changed[path] = {("status",): status.value}
        if told and (version := required(contract.version, Bump.MINOR)):
            changed[path] = {**changed[path], ("version",): version}
            changes["outputPorts", ports[id_], "version"] = version
            changes["version",] = required(product.version, Bump.MINOR)
    if product.status is not status:
        changes["status",] = status.value
    changes |= {custom(name): value for name, value in custom_values.items()}
    # Contracts first: who reads in between finds a descriptor that promises no more than they do.
    return _rewriting(loaded.folder, {**changed, loaded.folder / DESCRIPTOR: changes})


def of_custom(loaded: LoadedProduct, **values: Any) -> Rewriting:
    """A product's descriptor with other values of custom properties. Raises `UsageError`."""
    changes = {custom(name): each for name, each in values.items()}
    return _rewriting(loaded.folder, {loaded.folder / DESCRIPTOR: changes})


def _rewriting(folder: Path, changed: Mapping[Path, Changes]) -> Rewriting:
    before, after = {}, {}
    for path, changes in changed.items():
        before[path], text = _text(path)
        after[path] = edited(text, changes, shown_path(path)).encode()
    return Rewriting(folder, before, after)


def _contracts(folder: Path) -> Iterator[tuple[Path, str]]:
    """The contracts in a folder, and of which port each is."""
    for name in contract_files(folder):
        source = Source(shown_path(folder / name))
        document = syntax.read(_text(folder / name)[1], source)
        source.refuse()
        if document is not None:
            yield folder / name, str(document.get("id"))


def _text(path: Path) -> tuple[bytes, str]:
    source = Source(shown_path(path))
    data = path.read_bytes()
    text = syntax.decode(data, source)
    source.refuse()
    return data, text or ""
