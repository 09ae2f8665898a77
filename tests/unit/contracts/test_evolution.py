"""Each kind of change: its grade, whom it hurts, and the bump it takes."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from mesh_dagster.contracts.evolution.change import Bump, Change, Grade, Side, What
from mesh_dagster.contracts.evolution.diff import Diff, diff
from mesh_dagster.descriptors import odcs
from mesh_dagster.descriptors.writing import write
from mesh_dagster.model.contract import Contract

BASE: dict[str, Any] = {
    "apiVersion": "v3.1.0",
    "kind": "DataContract",
    "id": "mesh://sales/orders/v1",
    "name": "orders",
    "version": "1.0.0",
    "status": "active",
    "domain": "sales",
    "dataProduct": "orders",
    "tenant": "nycair",
    "description": {"purpose": "Orders.", "limitations": "Of shops.", "usage": "Join."},
    "tags": ["sales"],
    "servers": [
        {"server": "lake", "type": "s3", "location": "s3://lake/orders", "format": "parquet"}
    ],
    "support": [{"channel": "sales", "url": "mailto:sales@x.example"}],
    "price": {"priceAmount": 10, "priceCurrency": "EUR", "priceUnit": "month"},
    "team": {"name": "Sales"},
    "roles": [{"role": "reader", "access": "read", "firstLevelApprovers": "ann"}],
    "slaProperties": [
        {"property": "freshness", "value": 26, "unit": "h"},
        {"property": "retention", "value": 30, "unit": "d"},
        {"property": "availability", "value": 99.5, "unit": "percent"},
        {"property": "endOfSupport", "value": "2030-01-01"},
        {"property": "timeOfAvailability", "value": "09:00-17:00"},
    ],
    "schema": [
        {
            "name": "orders",
            "logicalType": "object",
            "physicalType": "table",
            "properties": [
                {
                    "name": "id",
                    "logicalType": "integer",
                    "physicalType": "BIGINT",
                    "primaryKey": True,
                    "primaryKeyPosition": 1,
                    "required": True,
                },
                {"name": "line", "physicalType": "INTEGER", "required": True},
                {
                    "name": "code",
                    "physicalType": "VARCHAR",
                    "unique": True,
                    "logicalType": "string",
                    "logicalTypeOptions": {"minLength": 1, "maxLength": 9},
                },
                {
                    "name": "status",
                    "logicalType": "string",
                    "physicalType": "VARCHAR",
                    "required": True,
                    "logicalTypeOptions": {"minLength": 1, "maxLength": 9, "pattern": "^[a-z]+$"},
                    "classification": "internal",
                    "description": "Where it is.",
                    "enum": [{"value": "open"}, {"value": "shipped"}],
                },
                {
                    "name": "amount",
                    "logicalType": "number",
                    "physicalType": "DECIMAL(10,2)",
                    "logicalTypeOptions": {"minimum": 0, "maximum": 100, "multipleOf": 0.5},
                },
                {"name": "weight", "physicalType": "FLOAT"},
                {"name": "ordered_at", "physicalType": "TIMESTAMPTZ", "required": True},
                {
                    "name": "shop",
                    "physicalType": "VARCHAR",
                    "relationships": [
                        {
                            "to": "sales/shops/v1.yaml#schema/shops/properties/code",
                            "customProperties": [{"property": "severity", "value": "error"}],
                        }
                    ],
                    "customProperties": [{"property": "entity", "value": "shop"}],
                    "quality": [
                        {
                            "id": "known",
                            "metric": "invalidValues",
                            "arguments": {"validValues": ["a", "b"]},
                            "mustBe": 0,
                        },
                        {"name": "few", "metric": "nullValues", "mustBeLessOrEqualTo": 5},
                    ],
                },
                {
                    "name": "customer",
                    "logicalType": "object",
                    "properties": [
                        {"name": "email", "logicalType": "string", "required": True},
                        {"name": "age", "logicalType": "integer"},
                    ],
                },
                {
                    "name": "tags",
                    "logicalType": "array",
                    "logicalTypeOptions": {"minItems": 1, "uniqueItems": True},
                    "items": {"logicalType": "string", "logicalTypeOptions": {"maxLength": 5}},
                },
            ],
            "quality": [
                {"name": "enough", "metric": "rowCount", "mustBeBetween": [10, 100]},
                {
                    "name": "rather",
                    "metric": "rowCount",
                    "mustBeGreaterThan": 20,
                    "severity": "warning",
                },
                {"name": "net", "type": "sql", "query": "select 1 from {table}", "mustBe": 0},
                {"name": "seen", "type": "text", "description": "Looked at by ann."},
            ],
            "customProperties": [{"property": "eventTime", "value": "ordered_at"}],
        },
        {"name": "extra", "properties": [{"name": "a", "physicalType": "INTEGER"}]},
    ],
}
GONE = object()
"""The key is taken away."""

TABLE = ("schema", 0)
ID, LINE, CODE, STATUS, AMOUNT, WEIGHT, AT, SHOP, CUSTOMER, TAGS = (
    (*TABLE, "properties", at) for at in range(10)
)


def contract(*edits: tuple[tuple[str | int, ...], Any]) -> Contract:
    """The contract above with some values put in other places of it."""
    document = deepcopy(BASE)
    for path, value in edits:
        place: Any = document
        for step in path[:-1]:
            place = place[step]
        match value:
            case _ if value is GONE:
                del place[path[-1]]
            case _ if isinstance(place, list) and path[-1] == len(place):
                place.append(value)
            case _:
                place[path[-1]] = value
    return odcs.read(write(document))


def changed(*edits: tuple[tuple[str | int, ...], Any]) -> Diff:
    return diff(contract(), contract(*edits))


NOBODY: tuple[Side, ...] = ()
READER, WRITER = (Side.READER,), (Side.WRITER,)
BOTH = (Side.READER, Side.WRITER)
NEW_COLUMN = {"name": "note", "physicalType": "VARCHAR"}
RULE = {"metric": "nullValues", "mustBe": 0}

# What is edited, to what, the path that is told, what happened, and whom it hurts.
CASES: list[tuple[tuple[str | int, ...], Any, str, What, tuple[Side, ...]]] = [
    # Columns.
    ((*TABLE, "properties", 10), NEW_COLUMN, "orders.note", What.COLUMN_ADDED, NOBODY),
    (
        (*TABLE, "properties", 10),
        {**NEW_COLUMN, "required": True},
        "orders.note",
        What.REQUIRED_COLUMN_ADDED,
        WRITER,
    ),
    (WEIGHT, GONE, "orders.weight", What.COLUMN_REMOVED, READER),
    ((*WEIGHT, "physicalName"), "w", "orders.weight", What.COLUMN_RENAMED, BOTH),
    ((*WEIGHT, "physicalName"), "weight", "orders.weight.physicalName", What.RESPELLED, NOBODY),
    # Types.
    ((*LINE, "physicalType"), "BIGINT", "orders.line.type", What.TYPE_WIDENED, NOBODY),
    ((*ID, "physicalType"), "INTEGER", "orders.id.type", What.TYPE_NARROWED, BOTH),
    ((*WEIGHT, "physicalType"), "DOUBLE", "orders.weight.type", What.TYPE_WIDENED, NOBODY),
    ((*AMOUNT, "physicalType"), "DECIMAL(12,2)", "orders.amount.type", What.TYPE_WIDENED, NOBODY),
    ((*AMOUNT, "physicalType"), "DECIMAL(8,2)", "orders.amount.type", What.TYPE_NARROWED, BOTH),
    ((*AMOUNT, "physicalType"), "DECIMAL(12,3)", "orders.amount.type", What.TYPE_CHANGED, BOTH),
    ((*AT, "physicalType"), "TIMESTAMP", "orders.ordered_at.type", What.TYPE_CHANGED, BOTH),
    ((*LINE, "physicalType"), "VARCHAR", "orders.line.type", What.TYPE_CHANGED, BOTH),
    ((*CODE, "physicalType"), "TEXT", "orders.code.type", What.RESPELLED, NOBODY),
    ((*LINE, "physicalType"), GONE, "orders.line.type", What.TYPE_WITHDRAWN, READER),
    # Required, unique, keys.
    ((*WEIGHT, "required"), True, "orders.weight.required", What.PROMISE_ADDED, WRITER),
    ((*LINE, "required"), False, "orders.line.required", What.PROMISE_REMOVED, READER),
    ((*WEIGHT, "unique"), True, "orders.weight.unique", What.PROMISE_ADDED, WRITER),
    ((*CODE, "unique"), False, "orders.code.unique", What.PROMISE_REMOVED, READER),
    ((*ID, "unique"), True, "orders.id.unique", What.RESPELLED, NOBODY),
    ((*ID, "required"), False, "orders.id.required", What.RESPELLED, NOBODY),
    ((*LINE, "primaryKey"), True, "orders.primaryKey", What.PROMISE_LOOSENED, READER),
    # Enums, ranges, lengths, patterns, formats.
    (
        (*STATUS, "enum", 2),
        {"value": "lost"},
        "orders.status.enum",
        What.PROMISE_LOOSENED,
        READER,
    ),
    ((*STATUS, "enum", 1), GONE, "orders.status.enum", What.PROMISE_TIGHTENED, WRITER),
    ((*STATUS, "enum"), GONE, "orders.status.enum", What.PROMISE_REMOVED, READER),
    ((*CODE, "enum"), [{"value": "x"}], "orders.code.enum", What.PROMISE_ADDED, WRITER),
    (
        (*STATUS, "enum", 0, "description"),
        "not sent",
        "orders.status.enum",
        What.DOCUMENTED,
        NOBODY,
    ),
    (
        (*AMOUNT, "logicalTypeOptions", "minimum"),
        -1,
        "orders.amount.minimum",
        What.PROMISE_LOOSENED,
        READER,
    ),
    (
        (*AMOUNT, "logicalTypeOptions", "minimum"),
        1,
        "orders.amount.minimum",
        What.PROMISE_TIGHTENED,
        WRITER,
    ),
    (
        (*AMOUNT, "logicalTypeOptions", "exclusiveMinimum"),
        0,
        "orders.amount.minimum",
        What.PROMISE_TIGHTENED,
        WRITER,
    ),
    (
        (*AMOUNT, "logicalTypeOptions", "maximum"),
        GONE,
        "orders.amount.maximum",
        What.PROMISE_REMOVED,
        READER,
    ),
    (
        (*AMOUNT, "logicalTypeOptions", "multipleOf"),
        1,
        "orders.amount.multipleOf",
        What.PROMISE_TIGHTENED,
        WRITER,
    ),
    (
        (*AMOUNT, "logicalTypeOptions", "multipleOf"),
        0.25,
        "orders.amount.multipleOf",
        What.PROMISE_LOOSENED,
        READER,
    ),
    (
        (*CODE, "logicalTypeOptions", "maxLength"),
        20,
        "orders.code.maxLength",
        What.PROMISE_LOOSENED,
        READER,
    ),
    (
        (*CODE, "logicalTypeOptions", "minLength"),
        2,
        "orders.code.minLength",
        What.PROMISE_TIGHTENED,
        WRITER,
    ),
    (
        (*STATUS, "logicalTypeOptions", "minLength"),
        2,
        "orders.status.minLength",
        What.RESPELLED,  # the enum says so anyway
        NOBODY,
    ),
    (
        (*STATUS, "logicalTypeOptions", "pattern"),
        "^[a-z]{2}$",
        "orders.status.pattern",
        What.PROMISE_CHANGED,
        BOTH,
    ),
    (
        (*STATUS, "logicalTypeOptions", "format"),
        "email",
        "orders.status.format",
        What.PROMISE_ADDED,
        WRITER,
    ),
    (
        (*AT, "logicalTypeOptions"),
        {"defaultTimezone": "America/New_York"},
        "orders.ordered_at.defaultTimezone",
        What.MEANING_CHANGED,
        READER,
    ),
    (
        (*TAGS, "logicalTypeOptions", "uniqueItems"),
        GONE,
        "orders.tags.uniqueItems",
        What.PROMISE_REMOVED,
        READER,
    ),
    # What lies in columns.
    (
        (*CUSTOMER, "properties", 0, "required"),
        False,
        "orders.customer.email.required",
        What.PROMISE_REMOVED,
        READER,
    ),
    (
        (*CUSTOMER, "properties", 2),
        {"name": "phone", "logicalType": "string"},
        "orders.customer.phone",
        What.COLUMN_ADDED,
        NOBODY,
    ),
    (
        (*CUSTOMER, "properties", 1),
        GONE,
        "orders.customer.age",
        What.COLUMN_REMOVED,
        READER,
    ),
    (
        (*TAGS, "items", "logicalTypeOptions", "maxLength"),
        9,
        "orders.tags[].maxLength",
        What.PROMISE_LOOSENED,
        READER,
    ),
    (
        (*TAGS, "items"),
        {"logicalType": "integer"},
        "orders.tags[].type",
        What.TYPE_CHANGED,
        BOTH,
    ),
    # Quality.
    ((*WEIGHT, "quality"), [RULE], "orders.weight.quality[nullValues]", What.PROMISE_ADDED, WRITER),
    ((*SHOP, "quality", 1), GONE, "orders.shop.quality[few]", What.PROMISE_REMOVED, READER),
    (
        (*SHOP, "quality", 1, "mustBeLessOrEqualTo"),
        9,
        "orders.shop.quality[few]",
        What.PROMISE_LOOSENED,
        READER,
    ),
    (
        (*SHOP, "quality", 1, "mustBeLessOrEqualTo"),
        1,
        "orders.shop.quality[few]",
        What.PROMISE_TIGHTENED,
        WRITER,
    ),
    (
        (*SHOP, "quality", 0, "arguments", "validValues"),
        ["a", "b", "c"],
        "orders.shop.quality[known]",
        What.PROMISE_LOOSENED,
        READER,
    ),
    (
        (*SHOP, "quality", 0, "severity"),
        "warning",
        "orders.shop.quality[known]",
        What.PROMISE_LOOSENED,
        READER,
    ),
    (
        (*SHOP, "quality", 0, "unit"),
        "percent",
        "orders.shop.quality[known]",
        What.RESPELLED,
        NOBODY,
    ),
    (
        (*TABLE, "quality", 1, "severity"),
        "error",
        "orders.quality[rather]",
        What.PROMISE_TIGHTENED,
        WRITER,
    ),
    (
        (*TABLE, "quality", 1, "mustBeGreaterThan"),
        5,
        "orders.quality[rather]",
        What.HINT_CHANGED,
        NOBODY,
    ),
    (
        (*TABLE, "quality", 0, "mustBeBetween"),
        [5, 50],
        "orders.quality[enough]",
        What.PROMISE_CHANGED,
        BOTH,
    ),
    (
        (*TABLE, "quality", 2, "query"),
        "select 2",
        "orders.quality[net]",
        What.PROMISE_CHANGED,
        BOTH,
    ),
    (
        (*TABLE, "quality", 3, "description"),
        "Looked at by bob.",
        "orders.quality[seen]",
        What.HINT_CHANGED,
        NOBODY,
    ),
    (
        (*TABLE, "quality", 0, "schedule"),
        "0 0 * * *",
        "orders.quality[enough].schedule",
        What.HINT_CHANGED,
        NOBODY,
    ),
    (
        (*TABLE, "quality", 0, "businessImpact"),
        "operational",
        "orders.quality[enough].businessImpact",
        What.DOCUMENTED,
        NOBODY,
    ),
    # Foreign keys.
    (
        (*SHOP, "relationships", 0, "to"),
        "sales/stores/v1.yaml#schema/stores/properties/code",
        "orders.shop.relationships[shop].to",
        What.PROMISE_CHANGED,
        BOTH,
    ),
    (
        (*SHOP, "relationships"),
        GONE,
        "orders.shop.relationships[shop]",
        What.PROMISE_REMOVED,
        READER,
    ),
    (
        (*SHOP, "relationships", 0, "customProperties", 0, "value"),
        "warning",
        "orders.shop.relationships[shop].severity",
        What.PROMISE_LOOSENED,
        READER,
    ),
    # Meaning and life of columns.
    (
        (*STATUS, "classification"),
        "restricted",
        "orders.status.classification",
        What.MEANING_CHANGED,
        READER,
    ),
    (
        (*WEIGHT, "classification"),
        "public",
        "orders.weight.classification",
        What.MEANING_STATED,
        NOBODY,
    ),
    (
        (*WEIGHT, "classification"),
        "restricted",
        "orders.weight.classification",
        What.MEANING_CHANGED,
        READER,
    ),
    ((*WEIGHT, "deprecated"), True, "orders.weight.deprecated", What.DEPRECATED, NOBODY),
    ((*STATUS, "description"), "Else.", "orders.status.description", What.DOCUMENTED, NOBODY),
    ((*STATUS, "tags"), ["x"], "orders.status.tags", What.DOCUMENTED, NOBODY),
    ((*STATUS, "businessName"), "State", "orders.status.businessName", What.DOCUMENTED, NOBODY),
    ((*STATUS, "criticalDataElement"), True, "orders.status.criticalDataElement", What.NOTED, ()),
    ((*STATUS, "partitioned"), True, "orders.status.partitioned", What.NOTED, NOBODY),
    ((*STATUS, "encryptedName"), "s_x", "orders.status.encryptedName", What.ACCESS_ADDED, NOBODY),
    (
        (*SHOP, "customProperties", 0, "value"),
        "warehouse",
        "orders.shop.entity",
        What.MEANING_CHANGED,
        READER,
    ),
    (
        (*STATUS, "customProperties"),
        [{"property": "colour", "value": "red"}],
        "orders.status.colour",
        What.NOTED,
        NOBODY,
    ),
    # Tables.
    (("schema", 1), GONE, "extra", What.TABLE_REMOVED, READER),
    (
        ("schema", 2),
        {"name": "more", "properties": [{"name": "z", "physicalType": "DATE"}]},
        "more",
        What.TABLE_ADDED,
        NOBODY,
    ),
    ((*TABLE, "physicalName"), "orders_raw", "orders.physicalName", What.ADDRESS_CHANGED, READER),
    ((*TABLE, "physicalType"), "view", "orders.physicalType", What.NOTED, NOBODY),
    ((*TABLE, "deprecated"), True, "orders.deprecated", What.DEPRECATED, NOBODY),
    (
        (*TABLE, "customProperties", 0, "value"),
        "id",
        "orders.eventTime",
        What.MEANING_CHANGED,
        READER,
    ),
    (
        (*TABLE, "customProperties", 1),
        {"property": "additionalColumns", "value": True},
        "orders.additionalColumns",
        What.COLUMNS_OPENED,
        NOBODY,
    ),
    # Service levels.
    (
        ("slaProperties", 0, "value"),
        48,
        "slaProperties.freshness",
        What.PROMISE_LOOSENED,
        READER,
    ),
    (("slaProperties", 0, "unit"), "d", "slaProperties.freshness", What.PROMISE_LOOSENED, READER),
    (("slaProperties", 0, "value"), 2, "slaProperties.freshness", What.PROMISE_TIGHTENED, WRITER),
    (("slaProperties", 1, "value"), 7, "slaProperties.retention", What.PROMISE_LOOSENED, READER),
    (("slaProperties", 1, "value"), 90, "slaProperties.retention", What.PROMISE_TIGHTENED, WRITER),
    (
        ("slaProperties", 2, "value"),
        99,
        "slaProperties.availability",
        What.PROMISE_LOOSENED,
        READER,
    ),
    (
        ("slaProperties", 3, "value"),
        "2029-01-01",
        "slaProperties.endOfSupport",
        What.PROMISE_LOOSENED,
        READER,
    ),
    (
        ("slaProperties", 4, "value"),
        "10:00-17:00",
        "slaProperties.timeOfAvailability",
        What.PROMISE_CHANGED,
        BOTH,
    ),
    (("slaProperties", 0), GONE, "slaProperties.freshness", What.PROMISE_REMOVED, READER),
    (
        ("slaProperties", 5),
        {"property": "latency", "value": 1, "unit": "h"},
        "slaProperties.latency",
        What.PROMISE_ADDED,
        WRITER,
    ),
    (
        ("slaProperties", 0, "element"),
        "orders.id",
        "slaProperties.freshness.element",
        What.PROMISE_CHANGED,
        BOTH,
    ),
    (("slaProperties", 0, "driver"), "analytics", "slaProperties.freshness.driver", What.NOTED, ()),
    # The contract.
    (("status",), "deprecated", "status", What.DEPRECATED, NOBODY),
    (("status",), "retired", "status", What.WITHDRAWN, READER),
    (("status",), "draft", "status", What.WITHDRAWN, READER),
    (("id",), "mesh://sales/order/v1", "id", What.ADDRESS_CHANGED, READER),
    (("name",), "Orders", "name", What.DOCUMENTED, NOBODY),
    (("tenant",), "other", "tenant", What.NOTED, NOBODY),
    (("tags",), ["x"], "tags", What.DOCUMENTED, NOBODY),
    (("team", "name"), "Shops", "team", What.DOCUMENTED, NOBODY),
    (("description", "purpose"), "All orders.", "description.purpose", What.DOCUMENTED, NOBODY),
    (("description", "limitations"), "None.", "description.limitations", What.NOTED, NOBODY),
    (
        ("servers", 0, "location"),
        "s3://other/orders",
        "servers[lake].location",
        What.ACCESS_CHANGED,
        READER,
    ),
    (("servers", 0, "description"), "The lake.", "servers[lake].description", What.DOCUMENTED, ()),
    (("servers", 0, "server"), "sea", "servers[lake]", What.ACCESS_REMOVED, READER),
    (("roles", 0, "access"), "write", "roles[reader].access", What.ACCESS_CHANGED, READER),
    (("roles",), GONE, "roles[reader]", What.ACCESS_REMOVED, READER),
    (
        ("roles", 0, "firstLevelApprovers"),
        "bob",
        "roles[reader].firstLevelApprovers",
        What.NOTED,
        (),
    ),
    (("price", "priceAmount"), 12, "price", What.PRICE_RAISED, READER),
    (("price", "priceAmount"), 9, "price", What.PRICE_LOWERED, NOBODY),
    (("price", "priceCurrency"), "USD", "price", What.PRICE_RAISED, READER),
    (("price",), GONE, "price", What.PRICE_LOWERED, NOBODY),
    (("support",), GONE, "support[sales]", What.NOTED, NOBODY),
    (("apiVersion",), "v3.2.0", "apiVersion", What.DOCUMENTED, NOBODY),
]


@pytest.mark.parametrize(
    ("edited", "value", "path", "what", "hurts"),
    CASES,
    ids=[f"{path}-{what.name}-{at}" for at, (_, _, path, what, _) in enumerate(CASES)],
)
def test_a_change_is_told_and_graded(
    edited: tuple[str | int, ...], value: Any, path: str, what: What, hurts: tuple[Side, ...]
) -> None:
    changes = changed((edited, value)).changes
    found = [each for each in changes if each.path == path]
    assert [(each.what, each.hurts) for each in found] == [(what, hurts)], changes


def only(found: Diff) -> Change:
    (change,) = found.changes
    return change


def test_the_order_of_columns_rules_and_levels_is_no_change() -> None:
    edits = [
        (path, list(reversed(_at(path))))
        for path in (
            (*TABLE, "properties"),
            (*TABLE, "quality"),
            (*SHOP, "quality"),
            (*STATUS, "enum"),
            (*CUSTOMER, "properties"),
            ("slaProperties",),
        )
    ]
    # The innermost first: the paths count in the order as it was.
    assert changed(*reversed(edits)).changes == ()


def _at(path: tuple[str | int, ...]) -> Any:
    place: Any = BASE
    for step in path:
        place = place[step]
    return place


def test_the_position_in_the_primary_key_is_a_change() -> None:
    both = [((*LINE, "primaryKey"), True), ((*LINE, "primaryKeyPosition"), 2)]
    turned = [*both, ((*LINE, "primaryKeyPosition"), 1), ((*ID, "primaryKeyPosition"), 2)]
    change = only(diff(contract(*both), contract(*turned)))
    assert (change.path, change.what) == ("orders.primaryKey", What.KEY_REORDERED)
    assert (change.before, change.after) == (["id", "line"], ["line", "id"])
    assert change.columns == ("id", "line")


def test_a_key_of_fewer_columns_promises_more_and_other_columns_break() -> None:
    both = [((*LINE, "primaryKey"), True), ((*LINE, "primaryKeyPosition"), 2)]
    fewer = only(diff(contract(*both), contract()))
    assert fewer.what is What.PROMISE_TIGHTENED
    more = only(diff(contract(), contract(*both)))
    assert more.what is What.PROMISE_LOOSENED
    other = [((*ID, "primaryKey"), False), ((*ID, "primaryKeyPosition"), GONE)]
    moved = diff(
        contract(),
        contract(*other, ((*CODE, "primaryKey"), True), ((*CODE, "required"), True)),
    )
    key = next(each for each in moved.changes if each.path == "orders.primaryKey")
    assert (key.what, key.grade) == (What.PROMISE_CHANGED, Grade.BREAKING)


def renamed(*names: str) -> dict[str, str | None]:
    """What is said of columns that are gone, by name, where others came."""
    before, after = (
        contract(
            *(
                ((*TABLE, "properties", 10 + at), {**NEW_COLUMN, "name": name})
                for at, name in enumerate(listed)
            )
        )
        for listed in (names[::2], names[1::2])
    )
    gone = [each for each in diff(before, after).changes if each.what is What.COLUMN_REMOVED]
    return {each.path.rpartition(".")[2]: each.note for each in gone}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("zip", "zip_code"),
        ("qty", "quantity"),
        ("note", "notes"),
        ("orderDate", "order_date"),
        ("colour", "color"),
        ("addr", "address"),
        ("customer_id", "cust_id"),
    ],
)
def test_a_column_under_a_like_name_is_perhaps_renamed(old: str, new: str) -> None:
    assert renamed(old, new) == {old: f"perhaps renamed to {new}"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("dep_delay", "arr_delay"),
        ("first_name", "last_name"),
        ("min_temp", "max_temp"),
        ("a", "b"),
        ("zip", "country"),
    ],
)
def test_a_column_under_another_name_is_not_asked_about(old: str, new: str) -> None:
    assert renamed(old, new) == {old: None}


def test_of_several_columns_each_is_asked_about_with_its_own_likeness() -> None:
    told = renamed("zip", "quantity", "qty", "zip_code")
    assert told == {"zip": "perhaps renamed to zip_code", "qty": "perhaps renamed to quantity"}


def test_only_the_name_in_storage_says_for_certain_that_a_column_was_renamed() -> None:
    told = only(changed(((*WEIGHT, "physicalName"), "w")))
    assert (told.what, told.before, told.after) == (What.COLUMN_RENAMED, "weight", "w")
    entity = changed(((*SHOP, "name"), "place")).changes
    assert [each.note for each in entity if each.what is What.COLUMN_REMOVED] == [
        "perhaps renamed to place"
    ]


def test_only_its_name_in_storage_says_for_certain_that_a_table_was_renamed() -> None:
    stored = (("schema", 1, "physicalName"), "extra_v1")
    change = only(diff(contract(stored), contract(stored, (("schema", 1, "name"), "others"))))
    assert (change.what, change.hurts) == (What.TABLE_RENAMED, READER)


def test_a_table_of_the_same_columns_is_perhaps_renamed() -> None:
    gone, come = changed((("schema", 1, "name"), "extras")).changes
    assert (gone.what, gone.note) == (What.TABLE_REMOVED, "perhaps renamed to extras")
    assert (come.what, come.after) == (What.TABLE_ADDED, "1 column")


def test_another_column_of_another_type_is_no_rename() -> None:
    edits = [((*WEIGHT, "name"), "weighted"), ((*WEIGHT, "physicalType"), "DATE")]
    whats = {each.what for each in changed(*edits).changes}
    assert whats == {What.COLUMN_REMOVED, What.COLUMN_ADDED}


def test_the_logical_name_alone_is_a_notice() -> None:
    stored = ((*WEIGHT, "physicalName"), "w")
    change = only(diff(contract(stored), contract(stored, ((*WEIGHT, "name"), "mass"))))
    assert (change.what, change.grade) == (What.COLUMN_RELABELLED, Grade.NOTICE)


def test_retiring_what_was_deprecated_is_a_notice() -> None:
    change = only(diff(contract((("status",), "deprecated")), contract((("status",), "retired"))))
    assert (change.what, change.bump) == (What.RETIRED, Bump.MINOR)


def test_minutes_and_hours_of_a_service_level_are_compared() -> None:
    edits = ((("slaProperties", 0, "value"), 1560), (("slaProperties", 0, "unit"), "min"))
    assert only(changed(*edits)).what is What.RESPELLED


def test_the_served_table_is_the_first_of_a_port_in_a_mesh() -> None:
    turned = (("schema",), list(reversed(BASE["schema"])))
    change = only(changed(turned))
    assert (change.what, change.grade) == (What.SERVED_TABLE_CHANGED, Grade.BREAKING)
    alone = (("id",), "orders-contract")
    assert diff(contract(alone), contract(alone, turned)).changes == ()


def test_a_corrected_promise_is_a_notice_that_gives_its_reason() -> None:
    correction = {"promise": "orders.status.enum", "of": "1.0.0", "reason": "Some were lost."}
    custom = (("customProperties",), [{"property": "corrections", "value": [correction]}])
    edit = ((*STATUS, "enum", 2), {"value": "lost"})
    change = only(changed(edit, custom, (("version",), "1.0.1")))
    assert (change.what, change.grade) == (What.PROMISE_CORRECTED, Grade.NOTICE)
    assert (change.hurts, change.note) == (READER, "Some were lost.")
    assert changed(edit, custom, (("version",), "1.0.1")).bumped


@pytest.mark.parametrize(
    ("correction", "edit"),
    [
        # Of an older version, of another promise, without a reason.
        ({"promise": "orders.status.enum", "of": "0.9.0", "reason": "x"}, None),
        ({"promise": "orders.code.enum", "of": "1.0.0", "reason": "x"}, None),
        ({"promise": "orders.status.enum", "of": "1.0.0"}, None),
        ({"promise": "orders.status.enum", "of": "1.0.0", "reason": " "}, None),
        # A column and a service level are no promises about rows.
        ({"promise": "orders.weight", "of": "1.0.0", "reason": "x"}, (WEIGHT, GONE)),
        (
            {"promise": "slaProperties.freshness", "of": "1.0.0", "reason": "x"},
            (("slaProperties", 0, "value"), 99),
        ),
    ],
)
def test_a_correction_of_something_else_corrects_nothing(correction: Any, edit: Any) -> None:
    custom = (("customProperties",), [{"property": "corrections", "value": [correction]}])
    edit = edit or ((*STATUS, "enum", 2), {"value": "lost"})
    assert changed(edit, custom).grade is Grade.BREAKING


def test_a_change_names_the_line_and_the_columns_it_touches() -> None:
    change = only(changed(((*CUSTOMER, "properties", 0, "required"), False)))
    assert change.columns == ("customer",)
    assert change.where is not None
    assert change.where.startswith("contract.odcs.yaml:")
    assert change.message == "orders.customer.email.required: promise removed, was true"


def test_a_foreign_key_within_a_contract_is_a_promise_and_to_another_product_a_hint() -> None:
    within = {"to": "extra.a"}
    beyond = {"to": "sales/shops/v1.yaml#schema/shops/properties/code"}
    for link, what in ((within, What.PROMISE_REMOVED), (beyond, What.HINT_CHANGED)):
        old = contract(((*LINE, "relationships"), [link]))
        (change,) = diff(old, contract()).changes
        assert change.what is what
