"""What domains test with does what a run does."""

from __future__ import annotations

import gzip
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from mesh_dagster import clock
from mesh_dagster.errors import DescriptorError, TransformError, UndeclaredInput, UsageError
from mesh_dagster.model.address import Address
from mesh_dagster.model.snapshot import Outcome
from mesh_dagster.products.making.materialize import materialize
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.products.reading.read import read
from mesh_dagster.testing import frozen, run_transform, write_mesh, write_product

ROOT = Path(__file__).parents[3]
OBSERVATIONS = ROOT / "domains/weather/src/weather/defs/observations"


@pytest.fixture
def mesh(tmp_path: Path) -> Mesh:
    return write_mesh(tmp_path)


def test_a_written_product_is_published_and_read_like_any_other(mesh: Mesh) -> None:
    write_product(mesh, "air/carriers/v1", {"code": "VARCHAR"}, {"code": ["AA"]}, key=["code"])
    attempt = materialize(mesh, mesh.load(Address.parse("air/carriers")))
    assert [each.outcome for each in attempt.decisions] == [Outcome.PUBLISHED]
    frame = read("air/carriers", mesh=mesh).polars().collect()
    assert frame["code"].to_list() == ["AA"]


def test_a_written_key_is_audited(mesh: Mesh) -> None:
    write_product(mesh, "air/carriers/v1", {"code": "VARCHAR"}, {"code": ["A", "A"]}, key=["code"])
    attempt = materialize(mesh, mesh.load(Address.parse("air/carriers")))
    assert [each.outcome for each in attempt.decisions] == [Outcome.QUARANTINED]


def test_a_written_product_reads_another(mesh: Mesh) -> None:
    write_product(mesh, "air/carriers/v1", {"code": "VARCHAR"}, {"code": ["AA", "UA"]})
    write_product(
        mesh,
        "sums/counts/v1",
        {"n": "BIGINT"},
        inputs={"carriers": "mesh://air/carriers/v1"},
        transform=(
            "import polars as pl\n\ndef transform(carriers):\n"
            "    return carriers.select(n=pl.len().cast(pl.Int64))\n"
        ),
    )
    for path in ("air/carriers", "sums/counts"):
        materialize(mesh, mesh.load(Address.parse(path)))
    assert read("sums/counts", mesh=mesh).polars().collect()["n"].to_list() == [2]


@pytest.mark.parametrize("name", ["rows.csv.gz", "rows.csv.zip", "rows.CSV"])
def test_a_source_is_read_in_the_format_of_its_suffix(mesh: Mesh, name: str) -> None:
    wiring = {"sources": {"rows": {"path": name}}}
    folder = write_product(mesh, "air/carriers/v1", {"n": "BIGINT"}, {"n": [0]}, wiring=wiring)
    if name.endswith(".zip"):
        with zipfile.ZipFile(folder / name, "w") as archive:
            archive.writestr("rows.csv", "n\n1\n")
    else:
        text = b"n\n1\n"
        (folder / name).write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    made = run_transform(folder)
    assert isinstance(made, pl.DataFrame)
    assert made["n"].to_list() == [1]


def test_a_transform_runs_on_the_frames_of_a_test(mesh: Mesh) -> None:
    folder = write_product(
        mesh,
        "sums/doubled/v1",
        {"n": "BIGINT"},
        inputs={"numbers": "mesh://air/numbers/v1"},
        transform="def transform(numbers):\n    return numbers * 2\n".replace(
            "numbers * 2", "numbers.select(n=__import__('polars').col('n') * 2)"
        ),
    )
    made = run_transform(folder, numbers={"n": [1, 2]})
    assert isinstance(made, pl.DataFrame)
    assert made["n"].to_list() == [2, 4]


def test_a_source_that_a_test_does_not_give_is_read_from_where_it_lies() -> None:
    made = run_transform(OBSERVATIONS, partitions=["2013-11-03"])
    assert isinstance(made, pl.DataFrame)
    assert made.height == 72
    assert set(made["local_date"]) == {date(2013, 11, 3)}


def test_a_product_that_a_test_does_not_give_cannot_be_read(mesh: Mesh) -> None:
    inputs = {"numbers": "mesh://air/numbers/v1"}
    work = "def transform(numbers):\n    return numbers\n"
    folder = write_product(mesh, "sums/same/v1", {"n": "BIGINT"}, inputs=inputs, transform=work)
    with pytest.raises(UsageError, match="numbers"):
        run_transform(folder)


def test_a_misspelled_input_is_refused(mesh: Mesh) -> None:
    folder = write_product(mesh, "air/carriers/v1", {"code": "VARCHAR"}, {"code": ["AA"]})
    with pytest.raises(UsageError, match="rosw"):
        run_transform(folder, rosw={"code": []})


def test_what_a_run_refuses_is_refused_here(mesh: Mesh) -> None:
    folder = write_product(
        mesh, "a/b/v1", {"n": "BIGINT"}, {"n": [1]}, transform="def transform(other):\n    pass\n"
    )
    with pytest.raises(UndeclaredInput, match="other"):
        run_transform(folder)
    (folder / "transform.py").write_text("def transform(rows):\n    raise KeyError('n')\n")
    with pytest.raises(TransformError, match="KeyError"):
        run_transform(folder)
    (folder / "product.odps.yaml").write_text("kind: nothing\n")
    with pytest.raises(DescriptorError):
        run_transform(folder)


def test_the_clock_can_be_frozen() -> None:
    with frozen(datetime(2013, 11, 8, tzinfo=UTC)):
        assert clock.now() == datetime(2013, 11, 8, tzinfo=UTC)
    assert clock.now().year > 2013
