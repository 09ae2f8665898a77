"""Every rule of every contract, evaluated by hand on the whole year's real data.

This is on purpose a second implementation, in plain Polars and from the YAML: it says what is
true of the data, whatever the mesh's own audit thinks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

Frames = Mapping[str, pl.DataFrame]
Broken = tuple[str, str | None]

TYPES = {
    "VARCHAR": pl.String(),
    "INTEGER": pl.Int32(),
    "BIGINT": pl.Int64(),
    "DOUBLE": pl.Float64(),
    "BOOLEAN": pl.Boolean(),
    "DATE": pl.Date(),
    "TIMESTAMPTZ": pl.Datetime("us", "UTC"),
}
PERSONAL = {"crew.roster": ("crew_id", "name", "licence_number", "email")}
INTENDED: dict[str, set[Broken]] = {
    "weather.observations": {
        ("key of origin, local_date, local_hour", "2013-11-03"),
    },
}
WARNED: dict[str, dict[str, int]] = {
    "weather.observations": {"expectedRows of observations": 24},
    "flights.departures": {"reference of dest": 365, "reference of tailnum": 365},
    "journeys.delay_risk": {"nullValues of weather_observed_at": 15},
}
"""Rule of severity warning -> on how many days of the year it says something."""
PRODUCTS = (
    "network.airports",
    "fleet.aircraft",
    "fleet.aircraft_v2",
    "fleet.carriers",
    "weather.observations",
    "flights.departures",
    "crew.roster",
    "punctuality.route_delays",
    "journeys.delay_risk",
)


def table_of(folder: Path) -> dict[str, Any]:
    (table,) = yaml.safe_load((folder / "contract.odcs.yaml").read_text())["schema"]
    return table


def partitions(frame: pl.DataFrame, table: dict[str, Any]) -> Iterator[tuple[str | None, Any]]:
    columns = [each["name"] for each in table["properties"] if each.get("partitioned")]
    if not columns:
        yield None, frame
        return
    for (day,), part in frame.partition_by(columns, as_dict=True).items():
        yield str(day), part


def key_of(table: dict[str, Any]) -> list[str]:
    keyed = [each for each in table["properties"] if each.get("primaryKey")]
    return [each["name"] for each in sorted(keyed, key=lambda each: each["primaryKeyPosition"])]


def broken(rules: Mapping[str, pl.Expr], frame: pl.DataFrame) -> list[str]:
    kept = frame.select(**rules).row(0, named=True)
    return [rule for rule, holds in kept.items() if not holds]


def rules_of(table: dict[str, Any], severity: str) -> dict[str, pl.Expr]:
    """Rule -> whether it holds, as one value over the rows of a partition."""
    rules: dict[str, pl.Expr] = {}
    if severity == "error":
        key = key_of(table)
        rules[f"key of {', '.join(key)}"] = ~pl.struct(key).is_duplicated().any()
        for each in table["properties"]:
            rules |= column_rules(each)
    for each in [table, *table["properties"]]:
        for quality in each.get("quality", ()):
            if quality.get("severity", "error") == severity:
                if quality.get("type") == "sql":
                    rules[quality["name"]] = QUERIES[quality["name"]]
                    continue
                stated = quality.get("implementation", quality)
                rules[f"{stated['metric']} of {each['name']}"] = metric_holds(stated, each)
    return rules


QUERIES = {
    "cancelled flights never flew": ~(
        pl.col("cancelled")
        & pl.any_horizontal(pl.col("dep_delay", "arr_delay", "air_time").is_not_null())
    ).any()
}
"""What the queries of the contracts ask, said once more in another language."""


def column_rules(each: dict[str, Any]) -> dict[str, pl.Expr]:
    name, column = each["name"], pl.col(each["name"])
    options = each.get("logicalTypeOptions", {})
    rules = {}
    if each.get("required"):
        rules[f"required {name}"] = column.is_not_null().all()
    if each.get("unique"):
        rules[f"unique {name}"] = ~column.is_duplicated().any()
    for option, bound in options.items():
        rules[f"{option} of {name}"] = option_holds(column, option, bound).all()
    return rules


def option_holds(column: pl.Expr, option: str, bound: Any) -> pl.Expr:
    match option:
        case "minimum":
            return column >= bound
        case "maximum":
            return column <= bound
        case "minLength":
            return column.str.len_chars() >= bound
        case "maxLength":
            return column.str.len_chars() <= bound
        case "pattern":
            return column.str.contains(bound)
    raise AssertionError(option)


def metric_holds(quality: dict[str, Any], each: dict[str, Any]) -> pl.Expr:
    match quality["metric"]:
        case "rowCount":
            return pl.len().is_between(*quality["mustBeBetween"])
        case "invalidValues":
            assert quality["mustBe"] == 0
            return pl.col(each["name"]).is_in(quality["arguments"]["validValues"]).all()
        case "nullValues":
            assert quality["unit"] == "percent"
            nulls = pl.col(each["name"]).is_null().mean() * 100
            return nulls <= quality["mustBeLessOrEqualTo"]
        case "expectedRows":
            (groups,) = quality["per"].values()
            day = pl.col("local_date").first().cast(pl.Datetime)
            midnights = [
                moment.dt.replace_time_zone(quality["timezone"])
                for moment in (day, day.dt.offset_by("1d"))
            ]
            hours = (midnights[1] - midnights[0]).dt.total_hours()
            return pl.struct("origin", "observed_at").n_unique() == len(groups) * hours
    raise AssertionError(quality)


def references(
    table: dict[str, Any], frame: pl.DataFrame, mesh: Frames, severity: str
) -> dict[str, pl.Expr]:
    rules = {}
    for each in table["properties"]:
        for relation in each.get("relationships", ()):
            (stated,) = (
                item["value"]
                for item in relation["customProperties"]
                if item["property"] == "severity"
            )
            path, _, place = relation["to"].partition(".yaml#schema/")
            domain, product, _ = path.split("/")
            known = mesh[f"{domain}.{product}"][place.split("/")[-1]].implode()
            if stated == severity:
                rules[f"reference of {each['name']}"] = pl.col(each["name"]).is_in(known).all()
    return rules


@pytest.mark.parametrize("product", PRODUCTS)
def test_the_columns_are_exactly_those_of_the_contract_with_its_types(
    mesh: Frames, folders: dict[str, Path], product: str
) -> None:
    table = table_of(folders[product])
    promised = {each["name"]: TYPES[each["physicalType"]] for each in table["properties"]}
    assert dict(mesh[product].schema) == promised


@pytest.mark.parametrize("product", PRODUCTS)
def test_every_rule_holds_all_year_but_for_the_intended_defect(
    mesh: Frames, folders: dict[str, Path], product: str
) -> None:
    table = table_of(folders[product])
    rules = rules_of(table, "error") | references(table, mesh[product], mesh, "error")
    found = {
        (rule, day)
        for day, part in partitions(mesh[product], table)
        for rule in broken(rules, part)
    }
    assert found == INTENDED.get(product, set())


@pytest.mark.parametrize("product", PRODUCTS)
def test_warnings_say_what_is_known_of_the_year(
    mesh: Frames, folders: dict[str, Path], product: str
) -> None:
    table = table_of(folders[product])
    rules = rules_of(table, "warning") | references(table, mesh[product], mesh, "warning")
    counted: dict[str, int] = {}
    for _, part in partitions(mesh[product], table):
        for rule in broken(rules, part) if rules else ():
            counted[rule] = counted.get(rule, 0) + 1
    assert counted == WARNED.get(product, {})


def test_the_corrected_contract_holds_all_year(mesh: Frames, root: Path) -> None:
    corrected = root / "domains/weather/corrections/contract-1.0.1.odcs.yaml"
    (table,) = yaml.safe_load(corrected.read_text())["schema"]
    assert key_of(table) == ["origin", "observed_at"]
    frame = mesh["weather.observations"]
    rules = rules_of(table, "error")
    assert [day for day, part in partitions(frame, table) if broken(rules, part)] == []


@pytest.mark.parametrize("product", PRODUCTS)
def test_every_column_is_described_and_classified(folders: dict[str, Path], product: str) -> None:
    for each in table_of(folders[product])["properties"]:
        assert each["description"].endswith("."), each["name"]
        expected = "pii" if each["name"] in PERSONAL.get(product, ()) else "public"
        assert each["classification"] == expected, each["name"]
