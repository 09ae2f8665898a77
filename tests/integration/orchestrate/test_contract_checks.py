"""A pandera schema or a contract as asset checks of plain Dagster assets, in a real run."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pandera.pandas as of_pandas
import pandera.polars as of_polars
import polars as pl
import pytest

from mesh_dagster.contracts.exchange.pandera.reading import contract_from
from mesh_dagster.errors import UsageError
from mesh_dagster.orchestrate.contract_checks import asset_checks_from

ROWS = {
    "id": [1, 2, 2, 4],
    "status": ["open", "paid", "lost", None],
    "amount": [1.0, 2.0, 3.0, -4.0],
}


class Orders(of_polars.DataFrameModel):
    """As a team has it in its own repository."""

    id: int = of_polars.Field(unique=True)
    status: str = of_polars.Field(nullable=True, isin=["open", "paid"])
    amount: float = of_polars.Field(ge=0)

    class Config:
        strict = True

    @of_polars.check("id")
    def odd_or_four(cls, data: Any) -> pl.LazyFrame:  # noqa: N805
        return data.lazyframe.select((pl.col(data.key) % 2 == 1) | (pl.col(data.key) == 4))


IN_PANDAS = of_pandas.DataFrameSchema(
    {
        "id": of_pandas.Column(int, unique=True),
        "status": of_pandas.Column(str, of_pandas.Check.isin(["open", "paid"]), nullable=True),
        "amount": of_pandas.Column(float, of_pandas.Check.ge(0)),
    },
    checks=of_pandas.Check(lambda data: data["id"] < 4, name="id_below_four"),
    strict=True,
)
BROKEN = {"id_unique", "status_allowed", "amount_range"}


def evaluated(
    assets: list[Any], checks: list[Any], **more: Any
) -> dict[str, dg.AssetCheckEvaluation]:
    """Run everything in process: check's name -> its evaluation."""
    result = dg.materialize([*assets, *checks], raise_on_error=False, **more)
    return {each.check_name: each for each in result.get_asset_check_evaluations()}


def failing(found: dict[str, dg.AssetCheckEvaluation]) -> set[str]:
    return {name for name, each in found.items() if not each.passed}


@pytest.mark.parametrize("kind", ["polars", "lazy", "pandas", "parquet"])
def test_each_promise_of_a_schema_is_a_check_of_its_own(kind: str, tmp_path: Path) -> None:
    @dg.asset
    def orders() -> Any:
        frame = pl.DataFrame(ROWS)
        match kind:
            case "lazy":
                return frame.lazy()
            case "pandas":
                return frame.to_pandas()
            case "parquet":
                frame.write_parquet(tmp_path / "orders.parquet")
                return tmp_path / "orders.parquet"
        return frame

    found = evaluated([orders], [asset_checks_from(Orders, asset=orders)])
    assert failing(found) == BROKEN | {"odd_or_four"}
    assert found["id_unique"].metadata["failed"].value == 1
    assert found["amount_range"].metadata["checked"].value == 4
    assert "schema" in found
    assert "id_required" in found


def test_a_schema_of_pandas_checks_a_frame_of_pandas() -> None:
    @dg.asset
    def orders() -> pd.DataFrame:
        return pd.DataFrame(ROWS)

    found = evaluated([orders], [asset_checks_from(IN_PANDAS, asset=orders)])
    assert failing(found) == BROKEN | {"id_below_four"}


def test_a_mark_on_the_function_says_which_schema() -> None:
    @dg.asset
    @contract_from(Orders)
    def orders() -> pl.DataFrame:
        return pl.DataFrame(ROWS)

    assert failing(evaluated([orders], [asset_checks_from(asset=orders)])) >= BROKEN

    @dg.asset
    def bare() -> None: ...

    with pytest.raises(UsageError, match="marked with none"):
        asset_checks_from(asset=bare)


def test_data_that_no_io_manager_holds_is_called_for(tmp_path: Path) -> None:
    path = tmp_path / "orders.parquet"

    @dg.asset
    def orders() -> dg.MaterializeResult:
        pl.DataFrame(ROWS).write_parquet(path)
        return dg.MaterializeResult()

    checks = asset_checks_from(Orders, asset="orders", data=lambda: path)
    assert failing(evaluated([orders], [checks])) == BROKEN | {"odd_or_four"}


def test_a_contract_file_is_as_good_as_a_schema(tmp_path: Path) -> None:
    path = tmp_path / "orders.odcs.yaml"
    path.write_text(contract_from(Orders).imported.text)

    @dg.asset
    def orders() -> pl.DataFrame:
        return pl.DataFrame(ROWS)

    found = evaluated([orders], [asset_checks_from(path, asset=orders)])
    assert failing(found) >= BROKEN


def test_a_blocking_check_keeps_what_is_downstream_from_running() -> None:
    ran = []

    @dg.asset
    def orders() -> pl.DataFrame:
        return pl.DataFrame(ROWS)

    @dg.asset
    def report(orders: pl.DataFrame) -> None:
        ran.append(orders.height)

    evaluated([orders, report], [asset_checks_from(Orders, asset=orders, blocking=True)])
    assert ran == []


def test_good_data_passes_every_check() -> None:
    @dg.asset
    def orders() -> pl.DataFrame:
        return pl.DataFrame({"id": [1, 3], "status": ["open", None], "amount": [0.0, 1.5]})

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert failing(evaluated([orders], [asset_checks_from(Orders, asset=orders)])) == set()
