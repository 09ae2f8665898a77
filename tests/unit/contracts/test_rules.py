"""What a contract says becomes rules, and nothing of it is dropped."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from mesh_dagster.contracts.rules.compile import needed_elsewhere, rules
from mesh_dagster.contracts.rules.kinds import (
    Allowed,
    Bound,
    Length,
    Missing,
    Operator,
    Pattern,
    Range,
    Reference,
    Required,
    RowCount,
    Rule,
    Schema,
    Unique,
    Unsupported,
)
from mesh_dagster.contracts.rules.paths import Path
from mesh_dagster.model.contract import Contract, Property, Quality, Relationship
from mesh_dagster.model.finding import Severity
from mesh_dagster.model.types import ColumnType, Kind

Column = Callable[..., Property]
Promise = Callable[..., Contract]


def only(contract: Contract) -> Rule:
    """The one rule beside the schema's."""
    schema, rule = rules(contract)
    assert isinstance(schema, Schema)
    return rule


def test_the_schema_is_a_rule_even_of_a_contract_that_says_nothing_else(
    promise: Promise, column: Column
) -> None:
    (rule,) = rules(promise(column("a"), column("b", "string")))
    assert isinstance(rule, Schema)
    assert [(each.name, str(each.type)) for each in rule.columns] == [
        ("a", "long"),
        ("b", "string"),
    ]
    assert rule.where == "contract.odcs.yaml:10"


def test_a_required_column_must_have_values(promise: Promise, column: Column) -> None:
    rule = only(promise(column("a", required=True)))
    assert isinstance(rule, Required)
    assert (rule.id, rule.column, rule.dimension) == ("a_required", "a", "completeness")
    assert (rule.severity, rule.where) == (Severity.ERROR, "contract:a")


def test_a_primary_key_is_required_and_unique_in_its_declared_order(
    promise: Promise, column: Column
) -> None:
    found = rules(promise(column("b", primary_key=2), column("a", primary_key=1)))
    assert [rule.id for rule in found] == ["schema", "b_required", "a_required", "primary_key"]
    key = found[-1]
    assert isinstance(key, Unique)
    assert key.columns == ("a", "b")


def test_a_column_that_is_unique_and_the_whole_key_is_checked_once(
    promise: Promise, column: Column
) -> None:
    found = rules(promise(column("a", primary_key=1, unique=True)))
    assert [rule.id for rule in found if isinstance(rule, Unique)] == ["primary_key"]


def test_a_key_without_the_partitions_column_is_unique_over_the_whole_port(
    promise: Promise, column: Column
) -> None:
    contract = promise(column("a", unique=True), column("day", "date", primary_key=1))
    by_id = {rule.id: rule for rule in rules(contract, partition_column="day")}
    a, key = by_id["a_unique"], by_id["primary_key"]
    assert isinstance(a, Unique)
    assert isinstance(key, Unique)
    assert (a.whole_port, key.whole_port) == (True, False)
    assert needed_elsewhere(by_id.values()) == {"a"}


def test_options_of_a_column_become_rules_of_its_own_type(promise: Promise, column: Column) -> None:
    day = column("day", "date", options={"minimum": "2013-01-01", "exclusiveMaximum": "2014-01-01"})
    name = column("name", "string", options={"minLength": 1, "maxLength": 3, "pattern": "^a"})
    ranged, length, pattern = rules(promise(day, name))[1:]
    assert isinstance(ranged, Range)
    assert (ranged.minimum, ranged.exclusive_maximum) == (date(2013, 1, 1), date(2014, 1, 1))
    assert isinstance(length, Length)
    assert (length.minimum, length.maximum) == (1, 3)
    assert isinstance(pattern, Pattern)
    assert pattern.pattern == "^a"


@pytest.mark.parametrize(
    "given",
    [
        {"rest": {"enum": [{"value": "x", "label": "An x"}, {"value": "y"}, {"value": None}]}},
        {"rest": {"enum": ["x", "y"]}},
        {"options": {"enum": ["x", "y", None]}},
    ],
)
def test_an_enum_is_read_where_any_version_of_the_standard_has_it(
    promise: Promise, column: Column, given: dict[str, Any]
) -> None:
    rule = only(promise(column("s", "string", **given)))
    assert isinstance(rule, Allowed)
    assert (rule.id, rule.values) == ("s_allowed", ("x", "y"))


def test_valid_values_are_allowed_values_with_the_bound_of_the_entry(
    promise: Promise, column: Column
) -> None:
    entry = Quality(
        "library",
        "invalidValues",
        "mustBeLessThan",
        0.1,
        {"validValues": ["x"], "pattern": "^x"},
        "percent",
        severity=Severity.WARNING,
        where="c:7",
    )
    rule = only(promise(column("s", "string", quality=(entry,))))
    assert isinstance(rule, Allowed)
    assert (rule.id, rule.values, rule.pattern) == ("s_invalid_values", ("x",), "^x")
    assert rule.bound == Bound(Operator.LESS, (Fraction(1, 10),), percent=True)
    assert (rule.severity, rule.where) == (Severity.WARNING, "c:7")


def test_missing_values_that_the_column_cannot_hold_are_left_out(
    promise: Promise, column: Column
) -> None:
    entry = Quality(
        "library", "missingValues", "mustBe", 0, {"missingValues": [None, "", "N/A", -1]}
    )
    number = only(promise(column("n", quality=(entry,))))
    text = only(promise(column("s", "string", quality=(entry,))))
    assert isinstance(number, Missing)
    assert isinstance(text, Missing)
    assert number.values == (-1,)
    assert text.values == ("", "N/A", "-1")


def test_the_number_of_rows_is_a_rule_of_the_table(promise: Promise, column: Column) -> None:
    entry = Quality("library", "rowCount", "mustBeBetween", [1, 20], dimension="coverage")
    rule = only(promise(column("a"), quality=[entry]))
    assert isinstance(rule, RowCount)
    assert (rule.id, rule.dimension) == ("row_count", "coverage")
    assert str(rule.bound) == "between 1 and 20"


def test_duplicate_values_of_a_table_name_their_properties(
    promise: Promise, column: Column
) -> None:
    entry = Quality("library", "duplicateValues", "mustBe", 0, {"properties": ["a", "b"]})
    rule = only(promise(column("a"), column("b", physical_name="stored_b"), quality=[entry]))
    assert isinstance(rule, Unique)
    assert rule.columns == ("a", "stored_b")


def test_a_relationship_refers_to_another_port_with_its_own_severity(
    promise: Promise, column: Column
) -> None:
    link = Relationship(("dest",), "network/airports/v1", "airports", ("faa",))
    rule = only(promise(column("dest", "string", relationships=(link,))))
    assert isinstance(rule, Reference)
    assert rule.id == "dest_in_network_airports_v1"
    assert (rule.target, rule.target_columns) == ("network/airports/v1", ("faa",))
    assert rule.severity is Severity.WARNING


def test_a_relationship_within_the_table_uses_stored_names(
    promise: Promise, column: Column
) -> None:
    link = Relationship(("boss",), None, "t", ("id",))
    contract = promise(column("id", physical_name="id_"), column("boss"), relationships=[link])
    rule = only(contract)
    assert isinstance(rule, Reference)
    assert (rule.target, rule.target_columns) == (None, ("id_",))


@pytest.mark.parametrize(
    ("entry", "severity", "reason"),
    [
        (Quality("sql", operator="mustBe", threshold=0), Severity.ERROR, "no `query`"),
        (Quality("custom", rest={"engine": "soda"}), Severity.WARNING, "'soda' is not run"),
        (Quality("library", "rowCount", "mustBe", "many"), Severity.ERROR, "'many'"),
        (Quality("library", "rowCount", "mustBe", True), Severity.ERROR, "True"),
        (Quality("library", "rowCount", "mustBe", float("nan")), Severity.ERROR, "nan"),
        (Quality("library", "rowCount", "mustBeBetween", [5, 1]), Severity.ERROR, "smaller"),
        (Quality("library", "rowCount", "mustBeBetween", 5), Severity.ERROR, "2 numbers"),
        (
            Quality("library", "rowCount", "mustBe", 1, rest={"mustBeLessThan": 3}),
            Severity.ERROR,
            "mustBe and mustBeLessThan",
        ),
        (
            Quality("sql", None, "mustBe", "x", rest={"query": "SELECT 1", "mustNotBe": "y"}),
            Severity.ERROR,
            "one operator",
        ),
        (Quality("library", "rowCount", None), Severity.WARNING, "no number of rows"),
        (Quality("library", "rowCount", "mustBe", 1, unit="percent"), Severity.ERROR, "share"),
        (Quality("library", "rowCount", "mustBe", 1, unit="miles"), Severity.ERROR, "'miles'"),
        (Quality("library", "nullValues", "mustBe", 0), Severity.WARNING, "one property"),
        (Quality("library", "beauty", "mustBe", 0), Severity.WARNING, "'beauty'"),
        (
            Quality("library", "duplicateValues", "mustBe", 0, {"properties": ["z"]}),
            Severity.ERROR,
            "'z'",
        ),
        (
            Quality("library", "duplicateValues", "mustBe", 0, {"properties": [["a"]]}),
            Severity.ERROR,
            "['a']",
        ),
    ],
)
def test_a_quality_entry_that_cannot_be_run_is_a_rule_that_says_why(
    promise: Promise, column: Column, entry: Quality, severity: Severity, reason: str
) -> None:
    rule = only(promise(column("a"), quality=[entry]))
    assert isinstance(rule, Unsupported)
    assert rule.severity is severity
    assert reason in rule.reason


@pytest.mark.parametrize(
    ("kind", "more", "reason"),
    [
        ("long", {"options": {"minimum": "low"}}, "'low' is not an integer"),
        ("date", {"options": {"maximum": 5}}, "5 is not a date"),
        ("long", {"options": {"enum": [1.5]}}, "1.5 is not an integer"),
        ("long", {"options": {"enum": []}}, "no value"),
        ("long", {"rest": {"enum": []}}, "no value"),
        ("string", {"options": {"maxLength": "3"}}, "whole number"),
        ("string", {"options": {"pattern": 3}}, "is a text"),
        ("string", {"options": {"format": "carrier pigeon"}}, "'carrier pigeon'"),
        ("long", {"options": {"multipleOf": 0}}, "multipleOf"),
        ("list", {"options": {"minItems": -1}}, "items"),
        ("list", {"options": {"uniqueItems": "yes"}}, "uniqueItems"),
        ("long", {"options": {"wings": 2}}, "wings"),
    ],
)
def test_an_option_that_cannot_be_run_is_a_rule_that_says_why(
    promise: Promise, column: Column, kind: str, more: dict[str, Any], reason: str
) -> None:
    rule = only(promise(column("a", kind, **more)))
    assert isinstance(rule, Unsupported)
    assert reason in rule.reason


@pytest.mark.parametrize("value", [None, -1, 1.5, "x", [1], {"a": 1}, True, float("nan"), 10**400])
@pytest.mark.parametrize("kind", ["string", "long", "double", "date", "timestamptz", "list"])
def test_no_value_of_an_option_is_an_exception(
    promise: Promise, column: Column, kind: str, value: Any
) -> None:
    keys = "minimum exclusiveMaximum multipleOf minLength pattern format minItems uniqueItems"
    keys += " required dimensions defaultTimezone elementType enum"
    for logical in ("string", "date", "integer", "array", "object", "vector", None):
        for key in keys.split():
            options = (
                {key: value, "minimum": "2013-01-01"} if key[:7] == "default" else {key: value}
            )
            contract = promise(column("a", kind, logical_type=logical, options=options))
            assert rules(contract)
            assert rules(contract, standalone=True)


def test_a_type_that_says_nothing_is_told(promise: Promise) -> None:
    rule = only(promise(Property("a", physical_type="WIDGET")))
    assert isinstance(rule, Unsupported)
    assert "'WIDGET'" in rule.reason


def test_a_promise_on_a_nested_field_is_a_rule_with_its_path(promise: Promise) -> None:
    field = Property("city", type=ColumnType(Kind.STRING), required=True)
    struct = ColumnType(Kind.STRUCT, fields=(("city", ColumnType(Kind.STRING)),))
    rule = only(promise(Property("home", type=struct, properties=(field,))))
    assert rule == Required(
        id="home_city_required",
        message="every row has a home.city",
        column="home.city",
        path=Path("home", ("city",)),
        dimension="completeness",
    )


def test_options_that_only_say_the_type_are_no_rules(promise: Promise, column: Column) -> None:
    contract = promise(
        column("n", "int", options={"format": "i32"}),
        column("t", "timestamp", options={"timezone": False, "format": "yyyy"}),
    )
    assert len(rules(contract)) == 1


def test_ids_are_names_of_checks_and_distinct(promise: Promise, column: Column) -> None:
    entry = Quality("library", "nullValues", "mustBe", 0)
    named = replace(entry, name="Größe: nie leer!")
    odd = column("größe (cm)", "string", required=True, quality=(entry, entry, named))
    ids = [rule.id for rule in rules(promise(odd, column("名前", "string", required=True)))]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[A-Za-z0-9_]+", each) for each in ids)
    assert ids == [rule.id for rule in rules(promise(odd, column("名前", "string", required=True)))]


def test_a_contract_compiles_without_any_engine() -> None:
    code = (
        "import sys; import mesh_dagster.contracts.rules; "
        "heavy = {'polars', 'narwhals', 'pyarrow', 'pandas', 'duckdb', 'dagster'}; "
        "print(heavy & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize(
    ("metric", "kind"),
    [
        ("nullCheck", "required"),
        ("nullValues", "required"),
        ("missingCount", "missing"),
        ("duplicateCount", "unique"),
        ("unique", "unique"),
        ("uniqueCheck", "unique"),
    ],
)
def test_a_rule_of_3_0_needs_no_operator_and_allows_nothing(
    promise: Promise, column: Column, metric: str, kind: str
) -> None:
    (_, rule) = rules(promise(column("a", quality=(Quality("library", metric),))))
    assert rule.kind == kind
    assert rule.bound == Bound()  # type: ignore[union-attr]


@pytest.mark.parametrize("unit", ["percent", "Percentage", "%"])
def test_a_percentage_has_several_names(promise: Promise, column: Column, unit: str) -> None:
    entry = Quality("library", "nullValues", "mustBeLessThan", 5, unit=unit)
    (_, rule) = rules(promise(column("a", quality=(entry,))))
    assert rule.bound.percent  # type: ignore[union-attr]


def test_a_rule_carries_what_is_said_besides_its_check(promise: Promise, column: Column) -> None:
    rest = {
        "businessImpact": "operational",
        "method": "reconciliation",
        "schedule": "0 20 * * *",
        "scheduler": "cron",
    }
    entry = Quality("library", "rowCount", "mustBe", 1, dimension="coverage", rest=rest)
    (_, rule) = rules(promise(column("a"), quality=[entry]))
    assert (rule.business_impact, rule.method) == ("operational", "reconciliation")
    assert (rule.schedule, rule.scheduler) == ("0 20 * * *", "cron")
    assert rule.dimension == "coverage"
    never = replace(entry, rest={"schedule": "each full moon"})
    (_, rule) = rules(promise(column("a"), quality=[never]))
    assert rule.schedule is None
