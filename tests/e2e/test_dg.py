"""dg's commands in a domain, as docs/reference/commands.md gives them."""

from __future__ import annotations

import json

import pytest
from e2e.checkout import Checkout
from e2e.documents import blocks

HOME, SCAFFOLD, CHECK, LIST = next(
    each.text.splitlines()
    for each in blocks("docs/reference/commands.md")
    if "dg list defs" in each.text
)


@pytest.fixture(scope="module")
def mesh(checkout) -> Checkout:
    """A mesh whose fleet has a product more, as dg scaffolds it."""
    found: Checkout = checkout()
    found.call(f"{HOME}\n{SCAFFOLD}")
    return found


def test_a_scaffolded_product_is_good_as_it_is(mesh: Checkout) -> None:
    assert "10 products: nothing is wrong" in mesh.mesh("check").succeeded().err


def test_dg_loads_the_domain_with_it(mesh: Checkout) -> None:
    said = mesh.call(f"{HOME}\n{CHECK}")
    assert "All definitions loaded successfully" in said


def test_dg_lists_it_beside_the_others(mesh: Checkout) -> None:
    listed = json.loads(mesh.call(f"{HOME}\n{LIST}"))
    keys = {each["asset_key"] for each in listed["assets"]}
    assert keys == {
        "fleet/aircraft/v1",
        "fleet/aircraft/v2",
        "fleet/carriers/v1",
        "fleet/fuel/v1",
    }


def test_a_scaffolded_product_publishes(mesh: Checkout) -> None:
    mesh.mesh("run", "fleet/fuel/v1").succeeded()
    assert mesh.number("fleet/fuel") == 1


def test_what_is_retired_has_no_schedule_any_more_and_is_made_by_nobody(mesh: Checkout) -> None:
    fleet = mesh.root / "domains/fleet/src/fleet"
    wiring, domain = mesh.defs("fleet/fuel") / "defs.yaml", fleet / "domain.yaml"
    wiring.write_text(wiring.read_text() + '  schedule: "0 6 * * *"\n')
    domain.write_text(domain.read_text() + "members: [{username: me@nycair.example}]\n")
    assert "fleet__fuel__v1" in scheduled(mesh)
    mesh.call("MESH_USER=me@nycair.example mesh retire fleet/fuel/v1 --yes --why 'nobody came'")
    assert scheduled(mesh) == {"fleet__aircraft__v1", "fleet__aircraft__v2", "fleet__carriers__v1"}
    assert "MESH-P044" in mesh.mesh("run", "fleet/fuel/v1").exited(2).err
    assert mesh.number("fleet/fuel") == 1


def scheduled(mesh: Checkout) -> set[str]:
    """The schedules of the domain, as dg lists them."""
    listed = json.loads(mesh.call(f"{HOME}\n{LIST}"))
    return {each["name"] for each in listed["schedules"]}
