"""Checkouts of the reference mesh, whose processes are ended whatever happens, and one demo."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from e2e.checkout import DOMAINS, Checkout, check_out
from e2e.demo import Demo, demo_of
from e2e.processes import Processes

MakeCheckout = Callable[..., Checkout]
MakeCopy = Callable[[], Checkout]

_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(_HERE):
            item.add_marker(pytest.mark.e2e)
            item.add_marker(pytest.mark.timeout(1800))


@pytest.fixture(scope="module")
def processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    """The processes of a module: none of them outlives it."""
    found = Processes(tmp_path_factory.mktemp("processes"))
    try:
        yield found
    finally:
        found.end()
        assert not found.living(), found.living()


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory, processes: Processes) -> MakeCheckout:
    """Makes checkouts: of all domains, or of those that are named; more is for mesh.yaml."""

    def make(*domains: str, **config: str) -> Checkout:
        to = tmp_path_factory.mktemp("-".join(domains) or "mesh")
        return Checkout(check_out(to, domains or DOMAINS, config), processes)

    return make


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Demo:
    """`mesh demo`, run once for all processes that test. Its mesh stays as it is."""
    own = tmp_path_factory.getbasetemp()
    return demo_of(own if worker_id == "master" else own.parent)


@pytest.fixture(scope="module")
def after_demo(
    demo: Demo, tmp_path_factory: pytest.TempPathFactory, processes: Processes
) -> MakeCopy:
    """Makes copies of the mesh as the demo left it."""

    def make() -> Checkout:
        return Checkout(demo.copy(tmp_path_factory.mktemp("after") / "mesh"), processes)

    return make
