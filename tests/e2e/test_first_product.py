"""The tutorial, word by word."""

from __future__ import annotations

from e2e.checkout import Checkout
from e2e.documents import blocks, follow

ACTIVATE = ". .venv/bin/activate\n"
FOLDER = "domains/fleet/src/fleet/defs/manufacturers"


def test_the_first_product_is_made_published_broken_and_unnoticed(checkout) -> None:
    mesh: Checkout = checkout()
    steps = [each for each in blocks("docs/first-product.md") if each.text != ACTIVATE]
    said = [follow(mesh, step) for step in steps]
    assert len(steps) == 12
    scaffolded = {path.name for path in (mesh.root / FOLDER).iterdir() if path.is_file()}
    files = {"product.odps.yaml", "contract.odcs.yaml", "defs.yaml", "transform.py"}
    assert files <= scaffolded
    published, tested, broken, quarantined, readers = (said[at] for at in (5, 7, 9, 10, 11))
    assert "BOEING" in published
    assert "mesh://fleet/manufacturers/v1 · One row a manufacturer." in published
    assert "1 passed" in tested
    assert "quarantined" in broken
    assert "model" in quarantined
    assert "beyond the first" in quarantined
    assert "31 " in readers
    assert "3322" in readers
