"""Sources: exactly the file that is named, and none that the mesh itself keeps."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from mesh_dagster.errors import UsageError
from mesh_dagster.model.wiring import SourceRef
from mesh_dagster.products.making.inputs import SourceData
from mesh_dagster.products.making.sources import scan_source


@pytest.mark.parametrize("name", ["a*", "a[x]?", "{a,b}"])
@pytest.mark.parametrize("kind", ["csv", "ndjson", "parquet"])
def test_a_name_with_signs_of_a_pattern_is_one_file(tmp_path: Path, kind: str, name: str) -> None:
    for at, each in enumerate((name, "a", "ax1", "ab")):
        write = "sink_parquet" if kind == "parquet" else f"sink_{kind}"
        getattr(pl.LazyFrame({"x": [at]}), write)(tmp_path / f"{at}.tmp")
        (tmp_path / f"{at}.tmp").rename(tmp_path / f"{each}.{kind}")
    source = SourceRef(path=f"{name}.{kind}", format=kind)
    assert scan_source(source, tmp_path).collect().to_dict(as_series=False) == {"x": [0]}


@pytest.mark.parametrize("linked", [False, True])
def test_a_file_in_the_storage_of_the_mesh_is_no_source(tmp_path: Path, linked: bool) -> None:
    kept = tmp_path / "storage" / "shop" / "sales" / "v1" / "x.csv"
    kept.parent.mkdir(parents=True)
    kept.write_text("x\n1\n")
    path = "storage/shop/sales/v1/x.csv"
    if linked:
        (tmp_path / "x.csv").symlink_to(kept)
        path = "x.csv"
    data = SourceData(SourceRef(path=path, format="csv"), tmp_path, f"file://{tmp_path}/storage")
    with pytest.raises(UsageError, match="lies in the storage") as refused:
        data.polars()
    assert "mesh://shop/sales/v1" in str(refused.value)
    with pytest.raises(UsageError, match="lies in the storage"):
        assert data.files
