"""The folders below a domain's `defs/`: which are products, and which are dg's to load.

dg's own loader takes 12 ms a folder at a thousand folders and imports every registered library
first, so products are read by us, in one pass, and only what is something else goes to dg.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mesh_dagster.descriptors.files import DESCRIPTOR, WIRING
from mesh_dagster.descriptors.wiring import COMPONENTS

_WIRING = (WIRING, "defs.yml", "component.yaml")
_ONLY_OURS = ("type:", "attributes:")
"""A defs.yaml with other keys (`post_processing`, `requirements`) asks for what only dg does."""


@dataclass(slots=True)
class Folders:
    """What was found: `others` are folders and Python files that dg loads."""

    products: list[Path] = field(default_factory=list)
    others: list[Path] = field(default_factory=list)

    @property
    def products_of_dg(self) -> list[Path]:
        """Of the others, those that are products all the same: of a subclass, or with more."""
        return [path for path in self.others if (path / DESCRIPTOR).is_file()]


def find_folders(defs: Path) -> Folders:
    """Sort everything below `defs/` in one walk, in the order in which dg does."""
    found = Folders()
    _sort(defs, found)
    return found


def _sort(folder: Path, found: Folders) -> None:
    for path in sorted(_visible(folder)):
        if path.suffix == ".py":
            if path.name != "__init__.py":
                found.others.append(path)
        elif path.is_dir():
            wiring = next((path / name for name in _WIRING if (path / name).is_file()), None)
            if wiring is None:
                _sort(path, found)
            elif is_product(wiring):
                found.products.append(path)
            else:
                found.others.append(path)


def is_product(wiring: Path) -> bool:
    """Whether a defs.yaml is a product's, by its lines alone: reading a thousand is no parsing."""
    try:
        lines = wiring.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        return False
    top = [line for line in lines if line[:1] not in ("", " ", "\t", "#", "}", "]")]
    if not top or not all(line.startswith(_ONLY_OURS) for line in top if line != "---"):
        return False
    types = [line for line in top if line.startswith("type:")]
    named = types[0].partition(":")[2].partition("#")[0].strip().strip("\"'") if types else ""
    return len(types) == 1 and named in COMPONENTS and "{{" not in "".join(lines)


def _visible(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if not path.name.startswith(".") and path.name != "__pycache__":
            yield path
