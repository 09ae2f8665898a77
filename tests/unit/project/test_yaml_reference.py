"""Every key that a file of the mesh may have is in the reference."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from mesh_dagster.descriptors import domain_text, mesh_text, odcs_shape, odps_shape, waivers, wiring
from mesh_dagster.descriptors.shape import Either, Kind, ListOf, Shape

ROOTS = {
    "mesh.yaml": mesh_text._SHAPE,
    "domain.yaml": domain_text._SHAPE,
    "waivers.yaml": waivers._SHAPE,
    "defs.yaml": wiring._SHAPE,
    "product.odps.yaml": odps_shape.PRODUCT,
    "contract.odcs.yaml": odcs_shape.CONTRACT,
}


def _keys(kind: Kind | None, seen: set[int]) -> Iterator[str]:
    if id(kind) in seen:
        return
    seen.add(id(kind))
    match kind:
        case Shape():
            yield from kind.keys
            for each in (*kind.keys.values(), getattr(kind, "every", None)):
                yield from _keys(each, seen)
        case ListOf():
            yield from _keys(kind.item, seen)
        case Either():
            yield from _keys(kind.of_list, seen)
            yield from _keys(kind.of_map, seen)


@pytest.mark.parametrize("file", ROOTS)
def test_every_key_of_a_file_is_in_the_reference(root: Path, file: str) -> None:
    text = (root / "docs" / "reference" / "yaml.md").read_text(encoding="utf-8")
    written = {
        part for each in re.findall(r"`([^`\n]+)`", text) for part in re.findall(r"\w+", each)
    }
    assert sorted(set(_keys(ROOTS[file], set())) - written) == []
