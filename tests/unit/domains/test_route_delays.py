"""The dbt project of the punctuality domain, on the real flights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from mesh_dagster.products.making.transform import Window

Frames = Mapping[str, pl.DataFrame]


@pytest.fixture(scope="module")
def of_the_week(dbt_build: Callable[..., pl.DataFrame], week: Window) -> pl.DataFrame:
    return dbt_build(week)


def test_a_run_makes_its_own_partitions_of_all_that_the_inputs_hold(
    of_the_week: pl.DataFrame, week: Window
) -> None:
    assert sorted(of_the_week["flight_date"].unique().dt.to_string()) == list(week.keys)
    assert of_the_week.height == 2_013


def test_every_departure_of_the_week_is_counted_once(of_the_week: pl.DataFrame) -> None:
    assert of_the_week["flights"].sum() == 6_486
    assert (of_the_week["departed"] + of_the_week["cancelled"]).sum() == 6_486


def test_a_day_comes_out_the_same_in_a_run_of_a_week_and_of_a_year(
    of_the_week: pl.DataFrame, mesh: Frames
) -> None:
    key = ["flight_date", "origin", "dest", "carrier"]
    year = mesh["punctuality.route_delays"].join(of_the_week, on=key, how="semi")
    assert year.sort(key).equals(of_the_week.sort(key))


def test_the_means_are_those_of_plain_polars(of_the_week: pl.DataFrame, made: Frames) -> None:
    key = ["flight_date", "origin", "dest", "carrier"]
    means = made["flights.departures"].group_by(key).agg(pl.col("dep_delay").mean())
    both = of_the_week.join(means, on=key, how="left")
    assert both.filter((pl.col("mean_dep_delay") - pl.col("dep_delay")).abs() > 1e-9).is_empty()
    assert both["mean_dep_delay"].is_null().equals(both["dep_delay"].is_null())


def test_a_destination_unknown_to_the_network_is_named_by_its_code(
    of_the_week: pl.DataFrame,
) -> None:
    routes = of_the_week.filter(pl.col("dest") == "SJU")["route"]
    assert routes.len() > 0
    assert routes.str.ends_with(" to SJU").all()


def test_dbt_stops_on_a_carrier_that_the_fleet_does_not_know(
    dbt_build: Callable[..., pl.DataFrame], made: Frames, week: Window
) -> None:
    fewer = made["fleet.carriers"].filter(pl.col("carrier") != "UA")
    with pytest.raises(RuntimeError, match="relationships_stg_departures_carrier"):
        dbt_build(week, {"carriers": fewer})


def test_the_contracts_of_dbt_and_of_the_product_name_the_same_columns(
    root: Path, folders: dict[str, Path]
) -> None:
    marts = root / "dbt_projects/punctuality/models/marts/marts.yml"
    (model,) = yaml.safe_load(marts.read_text())["models"]
    contract = yaml.safe_load(
        (folders["punctuality.route_delays"] / "contract.odcs.yaml").read_text()
    )
    assert model["config"]["contract"] == {"enforced": True}
    assert columns(model["columns"], "data_type") == columns(
        contract["schema"][0]["properties"], "physicalType"
    )


def columns(stated: list[dict[str, Any]], key: str) -> dict[str, str]:
    spellings = {"timestamp with time zone": "timestamptz"}
    types = {each["name"]: each[key].lower() for each in stated}
    return {name: spellings.get(kind, kind) for name, kind in types.items()}
