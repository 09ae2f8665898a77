"""Parsed models are kept, and a kept one is never wrong."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mesh_dagster.descriptors import folder as folder_module
from mesh_dagster.descriptors import odps
from mesh_dagster.descriptors.cache import cache_folder
from mesh_dagster.descriptors.codec import decode, encode
from mesh_dagster.descriptors.domain import read_domain
from mesh_dagster.descriptors.mesh import read_mesh
from mesh_dagster.descriptors.product import list_products, load_products, product_folders
from mesh_dagster.model.contract import Contract
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.product import Product
from mesh_dagster.model.wiring import Wiring

if TYPE_CHECKING:
    from tests.unit.descriptors.conftest import Workplace


def age(workplace: Workplace, seconds: float = 60) -> None:
    """Make all files as old as files usually are."""
    past = time.time() - seconds
    for path in workplace.root.rglob("*"):
        os.utime(path, (past, past))


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The descriptors that are really parsed."""
    names: list[str] = []
    real = odps.product_from_document

    def counted(data: object, source: object) -> object:
        names.append(source.name)  # type: ignore[attr-defined]
        return real(data, source)  # type: ignore[arg-type]

    monkeypatch.setattr(odps, "product_from_document", counted)
    monkeypatch.setattr(folder_module, "product_from_document", counted)
    return names


def load(workplace: Workplace) -> tuple[LoadedProduct, ...]:
    return load_products(product_folders(workplace.domain), read_domain(workplace.domain))


def names(workplace: Workplace) -> list[str]:
    listing = list_products(read_mesh(workplace.mesh))
    return [f"{each.product.address.product} {each.product.version}" for each in listing.products]


def test_an_unchanged_product_is_loaded_the_same_without_parsing(
    workplace: Workplace, parsed: list[str]
) -> None:
    age(workplace)
    first = load(workplace)
    assert len(parsed) == 1
    again = load(workplace)
    assert len(parsed) == 1
    assert again == first
    assert [each.product.where for each in again] == [each.product.where for each in first]
    (column, *_) = again[0].contracts[""].table.properties
    assert column.where == first[0].contracts[""].table.properties[0].where


def test_an_unchanged_product_is_listed_the_same_without_parsing(
    workplace: Workplace, parsed: list[str]
) -> None:
    age(workplace)
    first = list_products(read_mesh(workplace.mesh))
    assert list_products(read_mesh(workplace.mesh)) == first
    assert len(parsed) == 1


@pytest.mark.parametrize("name", ["product.odps.yaml", "contract.odcs.yaml", "defs.yaml"])
def test_a_product_with_a_changed_file_is_parsed_again(
    workplace: Workplace, parsed: list[str], name: str
) -> None:
    age(workplace)
    load(workplace)
    path = workplace.folder / name
    path.write_text(path.read_text() + "# touched\n")
    load(workplace)
    assert len(parsed) == 2


def test_only_what_changed_is_parsed_again(workplace: Workplace, parsed: list[str]) -> None:
    arrivals = workplace.add("arrivals")
    age(workplace)
    load(workplace)
    parsed.clear()
    path = arrivals / "contract.odcs.yaml"
    path.write_text(path.read_text() + "# touched\n")
    load(workplace)
    assert parsed == ["domains/flights/src/flights/defs/arrivals/product.odps.yaml"]


def test_a_contract_that_is_added_or_removed_is_noticed(workplace: Workplace) -> None:
    age(workplace)
    load(workplace)
    (workplace.folder / "late.odcs.yaml").unlink()
    with pytest.raises(Exception, match="MESH-D022"):
        load(workplace)


def test_a_transform_that_is_removed_is_noticed(workplace: Workplace) -> None:
    age(workplace)
    load(workplace)
    (workplace.folder / "transform.py").unlink()
    with pytest.raises(Exception, match="MESH-D025"):
        load(workplace)


def test_a_file_that_changes_twice_in_one_tick_is_not_read_stale(workplace: Workplace) -> None:
    path = workplace.folder / "product.odps.yaml"
    text = path.read_text()
    for minor in range(3, 9):
        path.write_text(text.replace("version: 1.2.0\nstatus", f"version: 1.{minor}.0\nstatus"))
        assert names(workplace) == [f"departures 1.{minor}.0"]


def test_a_product_with_findings_is_never_kept(workplace: Workplace) -> None:
    workplace.edit("product.odps.yaml", "kind: DataProduct", "kind: Product")
    age(workplace)
    for _ in range(2):
        assert list_products(read_mesh(workplace.mesh)).findings != ()


def cache_files() -> list[Path]:
    return [path for path in cache_folder().iterdir() if path.is_file()]


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[: len(data) // 2],
        lambda data: data.replace(b"departures", b"arrivals__"),
        lambda data: os.urandom(len(data)),
        lambda data: b"[" * 100_000,
    ],
    ids=["empty", "cut", "changed", "noise", "deep"],
)
def test_a_corrupt_cache_is_ignored(workplace: Workplace, damage: object) -> None:
    age(workplace)
    expected = load(workplace)
    for path in cache_files():
        path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]
    assert load(workplace) == expected
    assert load(workplace) == expected


@pytest.mark.parametrize("entry", ["[]", "{}", '"x"', "[1]", '[{"address": {}}, {}, {}]', "null"])
def test_a_cache_of_another_shape_is_ignored(workplace: Workplace, entry: str) -> None:
    import json

    from mesh_dagster.descriptors.cache import _checksum

    age(workplace)
    expected = load(workplace)
    kept_files = cache_files()
    assert {path.name.partition("-")[0] for path in kept_files} == {"domain", "products"}
    for path in kept_files:
        about, entries = json.loads(path.read_bytes().partition(b"\n")[2])
        for kept in entries.values():
            kept[1] = json.loads(entry)
        payload = json.dumps([about, entries]).encode()
        path.write_bytes(_checksum(payload) + b"\n" + payload)
    assert load(workplace) == expected


def test_a_mesh_and_a_domain_are_kept_until_their_files_change(workplace: Workplace) -> None:
    age(workplace)
    before = read_mesh(workplace.mesh), read_domain(workplace.domain)
    assert (read_mesh(workplace.mesh), read_domain(workplace.domain)) == before
    for path in (workplace.mesh, workplace.domain / "domain.yaml"):
        path.write_text(re.sub(r"(?m)^name: .*$", "name: renamed", path.read_text()))
    assert read_mesh(workplace.mesh).name == "renamed"
    assert read_domain(workplace.domain).name == "renamed"


def test_a_cache_that_cannot_be_written_is_done_without(
    workplace: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = workplace.root / "a file"
    file.write_text("")
    monkeypatch.setenv("MESH_CACHE", str(file / "below"))
    assert names(workplace) == ["departures 1.2.0"]


def test_a_full_cache_folder_leaves_nothing_half_written(
    workplace: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    assert names(workplace) == ["departures 1.2.0"]
    assert cache_files() == []


def test_the_cache_of_one_working_folder_is_not_another_s(
    workplace: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    age(workplace)
    load(workplace)
    monkeypatch.chdir(workplace.domain)
    assert load(workplace)[0].product.where == "defs/departures/product.odps.yaml:1"


def test_every_value_of_a_product_survives_its_encoding(workplace: Workplace) -> None:
    import json

    (loaded,) = load(workplace)
    for kind, value in (
        (Product, loaded.product),
        (Contract, loaded.contracts[""]),
        (Wiring, loaded.wiring),
    ):
        assert decode(kind, json.loads(json.dumps(encode(value)))) == value


def test_a_process_that_has_read_a_mesh_ends_without_a_word(workplace: Workplace) -> None:
    script = (
        "import duckdb; from pathlib import Path\n"
        "from mesh_dagster.descriptors.mesh import read_mesh\n"
        "from mesh_dagster.descriptors.product import list_products\n"
        "assert list_products(read_mesh(Path('mesh.yaml'))).products"
    )
    run = subprocess.run(
        [sys.executable, "-c", script],
        cwd=workplace.root,
        check=True,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert not run.stderr
