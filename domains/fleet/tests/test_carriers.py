from __future__ import annotations

import polars as pl
from fleet.defs.carriers.transform import transform


def test_carriers_come_with_code_and_name_alone() -> None:
    file = pl.LazyFrame({"name": ["JetBlue Airways"], "carrier": ["B6"], "since": [2000]})
    assert transform(file).collect().to_dicts() == [{"carrier": "B6", "name": "JetBlue Airways"}]
