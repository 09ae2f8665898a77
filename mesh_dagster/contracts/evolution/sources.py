"""A contract from a file, or from git, with all that is wrong with its text."""

from __future__ import annotations

from pathlib import Path

from mesh_dagster.contracts.evolution import git
from mesh_dagster.descriptors import syntax
from mesh_dagster.descriptors.odcs import contract_from_document
from mesh_dagster.descriptors.source import Source
from mesh_dagster.model.contract import Contract


def contract_at(ref: str, path: str, folder: Path) -> Contract:
    """The contract in a file at a git ref. Raises `UsageError`, `DescriptorError`."""
    return contract_from_bytes(git.read(ref, path, folder), f"{ref}:{path}")


def contract_from_bytes(data: bytes, name: str) -> Contract:
    """A contract from the bytes of its text. Raises `DescriptorError` with all that is wrong."""
    source = Source(name)
    text = syntax.decode(data, source)
    found = None if text is None else syntax.read(text, source)
    contract = contract_from_document(found, source)
    source.refuse()
    assert contract is not None, "no contract and no error"  # noqa: S101
    return contract
