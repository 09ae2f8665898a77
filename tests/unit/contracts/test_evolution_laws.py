"""Laws that hold of any two contracts, and of any data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import polars as pl
import pytest
from effort import examples
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from mesh_dagster.contracts.audit.run import audit
from mesh_dagster.contracts.evolution.change import Change, Side, What, worst
from mesh_dagster.contracts.evolution.diff import diff
from mesh_dagster.contracts.rules.compile import rules
from mesh_dagster.descriptors import odcs
from mesh_dagster.errors import DescriptorError
from mesh_dagster.model.contract import Contract, Property, Quality, SchemaObject
from mesh_dagster.model.finding import Severity
from mesh_dagster.model.product import Status
from mesh_dagster.model.service_level import ServiceLevel
from mesh_dagster.model.types import ColumnType, Kind

LONG = ColumnType(Kind.LONG)
STRING = ColumnType(Kind.STRING)
DATE = ColumnType(Kind.DATE)
TYPES = {"number": LONG, "word": STRING, "other": LONG, "day": DATE}
LOGICAL = {"number": "integer", "word": "string", "other": "integer", "day": "date"}

SMALL = st.integers(-3, 4)
WORDS = st.sampled_from(["", "a", "b", "ab", "ba", "abc"])
DAYS = st.sampled_from([date(2013, 11, day) for day in range(1, 6)])
SEVERITIES = st.sampled_from([Severity.ERROR, Severity.ERROR, Severity.WARNING])
UPPER = ("mustBeLessThan", "mustBeLessOrEqualTo")
ENDS = st.sampled_from(["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"])


def bounds(low: int, high: int) -> st.SearchStrategy[tuple[str, Any]]:
    numbers = st.integers(low, high)
    single = ["mustBe", "mustNotBe", "mustBeGreaterThan", "mustBeGreaterOrEqualTo", *UPPER]
    pairs = st.tuples(numbers, numbers).map(sorted)
    return st.one_of(
        st.tuples(st.sampled_from(single), numbers),
        st.tuples(st.sampled_from(["mustBeBetween", "mustNotBeBetween"]), pairs),
    )


@st.composite
def qualities(draw: st.DrawFn, column: str) -> Quality:
    metric = draw(
        st.sampled_from(["nullValues", "invalidValues", "missingValues", "duplicateValues"])
    )
    values = WORDS if column == "word" else SMALL
    arguments: dict[str, Any] = {}
    if metric == "invalidValues":
        arguments = {"validValues": draw(st.lists(values, min_size=1, max_size=4, unique=True))}
    if metric == "missingValues":
        arguments = {"missingValues": draw(st.lists(values, max_size=2, unique=True))}
    operator, threshold = draw(bounds(0, 3))
    unit = draw(st.sampled_from([None, "rows", "percent"]))
    return Quality(
        "library", metric, operator, threshold, arguments, unit, severity=draw(SEVERITIES)
    )


@st.composite
def options(draw: st.DrawFn, column: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if column == "word":
        if draw(st.booleans()):
            found["minLength"] = draw(st.integers(0, 3))
        if draw(st.booleans()):
            found["maxLength"] = draw(st.integers(1, 4))
        if draw(st.booleans()):
            found["pattern"] = draw(st.sampled_from(["a", "^a", "b$"]))
        return found
    ends: st.SearchStrategy[Any] = DAYS.map(date.isoformat) if column == "day" else SMALL
    for key in draw(st.lists(ENDS, max_size=3, unique=True)):
        found[key] = draw(ends)
    if column == "other" and draw(st.booleans()):
        found["multipleOf"] = draw(st.sampled_from([1, 2, 3, 4]))
    return found


@st.composite
def columns(draw: st.DrawFn, name: str) -> Property:
    rest: dict[str, Any] = {}
    if name in ("number", "word") and draw(st.booleans()):
        values = draw(
            st.lists(WORDS if name == "word" else SMALL, min_size=1, max_size=5, unique=True)
        )
        rest["enum"] = [{"value": each} for each in values]
    quality = () if name == "day" else draw(st.lists(qualities(name), max_size=1).map(tuple))
    return Property(
        name,
        LOGICAL[name],
        type=TYPES[name],
        required=draw(st.booleans()),
        unique=draw(st.booleans()),
        primary_key=draw(st.sampled_from([None, None, 1, 2])),
        options=draw(options(name)),
        quality=quality,
        rest=rest,
    )


@st.composite
def contracts(draw: st.DrawFn) -> Contract:
    listed = tuple(draw(columns(name)) for name in TYPES)
    operator, threshold = draw(bounds(0, 5))
    counted = Quality("library", "rowCount", operator, threshold, severity=draw(SEVERITIES))
    quality = draw(st.sampled_from([(), (counted,)]))
    return promised(listed, quality)


def promised(listed: tuple[Property, ...], quality: tuple[Quality, ...] = ()) -> Contract:
    """A contract of a table of these columns, whose key has each position once."""
    positions = Counter[int]()
    placed = []
    for each in listed:
        if each.primary_key is not None:
            positions[0] += 1
            each = replace(each, primary_key=positions[0])  # noqa: PLW2901
        placed.append(each)
    table = SchemaObject("t", tuple(placed), quality)
    return Contract("orders", "1.0.0", Status.ACTIVE, (table,))


@st.composite
def edited(draw: st.DrawFn) -> tuple[Contract, Contract]:
    """Two contracts that differ in one or two columns, so that most of both is the same."""
    old = draw(contracts())
    table = old.table
    changed = draw(st.lists(st.sampled_from(list(TYPES)), min_size=1, max_size=2, unique=True))
    listed = tuple(
        draw(columns(each.name)) if each.name in changed else each for each in table.properties
    )
    quality = draw(contracts()).table.quality if draw(st.booleans()) else table.quality
    return old, promised(listed, quality)


FRAMES = st.lists(
    st.fixed_dictionaries(
        {
            "number": st.none() | SMALL,
            "word": st.none() | WORDS,
            "other": st.none() | SMALL,
            "day": st.none() | DAYS,
        }
    ),
    max_size=5,
).map(
    lambda rows: pl.DataFrame(
        rows,
        schema={
            "number": pl.Int64,
            "word": pl.String,
            "other": pl.Int64,
            "day": pl.Date,
        },
    )
)


def keeps(contract: Contract, frame: pl.DataFrame) -> bool:
    """Whether nothing keeps the data from being published."""
    return not any(result.blocks for result in audit(rules(contract), frame.lazy()))


@st.composite
def one_facet(draw: st.DrawFn) -> tuple[Contract, Contract]:
    """Two contracts of one column that differ in one thing, so that data may well keep both."""
    name = draw(st.sampled_from(list(TYPES)))
    facet = draw(
        st.sampled_from(["required", "unique", "primary_key", "options", "quality", "rest"])
    )
    plain = {each: Property(each, LOGICAL[each], type=TYPES[each]) for each in TYPES}
    sides = [draw(columns(name)) for _ in range(2)]
    found = []
    for side in sides:
        both: Mapping[str, Any] = {facet: getattr(side, facet)}
        one = replace(plain[name], **both)
        if facet == "primary_key" and draw(st.booleans()):
            plain_day = replace(plain["day"], primary_key=2)
            found.append(promised((*_without(plain, name, "day"), one, plain_day)))
        else:
            found.append(promised((*_without(plain, name), one)))
    return found[0], found[1]


def _without(columns: Mapping[str, Property], *names: str) -> tuple[Property, ...]:
    return tuple(each for each in columns.values() if each.name not in names)


THOROUGH = settings(
    max_examples=examples(60),
    deadline=None,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)


@given(contracts())
def test_a_contract_has_not_changed_from_itself(contract: Contract) -> None:
    assert diff(contract, contract).changes == ()
    assert diff(contract, contract).bumped


@given(contracts())
def test_a_contract_that_was_written_and_read_has_not_changed(contract: Contract) -> None:
    try:
        once = odcs.read(odcs.write(contract))
    except DescriptorError:
        assume(False)  # ends between which no value is left, for one
    assert diff(once, odcs.read(odcs.write(once))).changes == ()


@given(contracts(), contracts())
def test_two_contracts_that_differ_have_a_change(old: Contract, new: Contract) -> None:
    assert (diff(old, new).changes == ()) == (old == new)


@THOROUGH
@given(one_facet(), FRAMES)
def test_data_that_keeps_the_new_keeps_the_old_where_no_reader_is_hurt(
    pair: tuple[Contract, Contract], frame: pl.DataFrame
) -> None:
    _check(*pair, frame)


@settings(THOROUGH, max_examples=examples(30))
@given(edited(), FRAMES)
def test_so_does_it_where_much_changed_at_once(
    pair: tuple[Contract, Contract], frame: pl.DataFrame
) -> None:
    _check(*pair, frame)


def _check(old: Contract, new: Contract, frame: pl.DataFrame) -> None:
    hurt = {side for change in diff(old, new).changes for side in change.hurts}
    assume(len(hurt) < 2)
    if Side.READER not in hurt and keeps(new, frame):
        assert keeps(old, frame), [change.message for change in diff(old, new).changes]
    if Side.WRITER not in hurt and keeps(old, frame):
        assert keeps(new, frame), [change.message for change in diff(old, new).changes]


MIRRORED = {
    What.COLUMN_ADDED: What.COLUMN_REMOVED,
    What.REQUIRED_COLUMN_ADDED: What.COLUMN_REMOVED,
    What.PROMISE_ADDED: What.PROMISE_REMOVED,
    What.PROMISE_TIGHTENED: What.PROMISE_LOOSENED,
    What.HINT_ADDED: What.HINT_CHANGED,
}


def _mirror(change: Change) -> tuple[str, str, Any, Any]:
    """What the same change is read backwards; what is added and removed are one here."""
    what = MIRRORED.get(change.what, change.what)
    path = change.path
    if change.what is What.COLUMN_RENAMED:
        path, values = "renamed", sorted([change.before, change.after])
        return (path, what, *values)
    values = sorted(map(repr, (change.before, change.after)))
    return (path, what, *values)


@given(contracts(), contracts(), st.data())
def test_read_backwards_what_was_added_is_removed_and_what_was_tightened_is_loosened(
    old: Contract, new: Contract, data: st.DataObject
) -> None:
    left_out = data.draw(st.lists(st.sampled_from(list(TYPES)), max_size=2, unique=True))
    kept = tuple(each for each in new.table.properties if each.name not in left_out)
    shorter = promised(kept, new.table.quality)
    forth, back = diff(old, shorter).changes, diff(shorter, old).changes
    assert Counter(map(_mirror, forth)) == Counter(map(_mirror, back))
    for one, other in ((forth, back), (back, forth)):
        added = {each.path for each in one if each.what in MIRRORED}
        gone = {each.path for each in other if each.what in MIRRORED.values()}
        assert added <= gone


@given(contracts(), contracts())
def test_the_grade_of_several_changes_is_that_of_the_gravest_column(
    old: Contract, new: Contract
) -> None:
    # Keys are promises of several columns, so they stay as they are.
    keyless = [
        promised(tuple(replace(each, primary_key=None) for each in side.table.properties), ())
        for side in (old, new)
    ]
    before, after = keyless
    singles = []
    for at, each in enumerate(after.table.properties):
        listed = list(before.table.properties)
        listed[at] = each
        singles.append(diff(before, promised(tuple(listed))))
    whole = diff(before, after)
    assert whole.grade == worst(each.grade for each in singles if each.grade)
    assert whole.bump == max(each.bump for each in singles)


JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(
        [10**400, "1e9999", "1e999999999", "", "x", "2013-11-01", "2013-11-01T00:00:00Z"]
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=4,
)
KEYS = ["minimum", "exclusiveMaximum", "maxLength", "multipleOf", "pattern", "required"]
KEYS += ["enum", "format", "uniqueItems", "defaultTimezone", "dimensions", "of nobody"]


@st.composite
def junk(draw: st.DrawFn) -> Contract:
    name = draw(st.sampled_from(list(TYPES)))
    arguments = draw(st.dictionaries(st.sampled_from(["validValues", "properties"]), JUNK))
    operator = draw(st.sampled_from(["mustBe", "mustBeBetween", "nothing", None]))
    rule = Quality("library", "invalidValues", operator, draw(JUNK), arguments)
    options = draw(st.dictionaries(st.sampled_from(KEYS), JUNK, max_size=4))
    rest = draw(st.dictionaries(st.sampled_from(["enum", "tags", "price"]), JUNK))
    column = Property(name, type=TYPES[name], options=options, quality=(rule,), rest=rest)
    level = ServiceLevel("freshness", draw(JUNK), draw(st.sampled_from([None, "h", "x"])))
    return replace(promised((column,)), service_levels=(level,))


@given(junk(), junk())
def test_whatever_a_contract_says_its_changes_can_be_told(old: Contract, new: Contract) -> None:
    for change in (*diff(old, new).changes, *diff(new, old).changes):
        assert change.message
        assert change.grade


def test_the_audit_that_the_laws_ask_tells_data_apart() -> None:
    """The laws above are not about contracts that nothing keeps."""
    number = Property("number", "integer", type=LONG, required=True, options={"minimum": 0})
    plain = tuple(Property(each, LOGICAL[each], type=TYPES[each]) for each in TYPES)[1:]
    contract = promised((number, *plain))
    frame = pl.DataFrame(
        {"number": [1], "word": ["a"], "other": [None], "day": [None]},
        schema={"number": pl.Int64, "word": pl.String, "other": pl.Int64, "day": pl.Date},
    )
    assert keeps(contract, frame)
    assert not keeps(contract, frame.with_columns(number=pl.lit(-1, pl.Int64)))


PRICE = ColumnType(Kind.DECIMAL, 6, 1)
OF_VALUES: dict[str, tuple[Property, list[Any]]] = {
    "number": (Property("a", "integer", type=LONG), list(range(-30, 31))),
    "untyped": (Property("a", "integer"), list(range(-30, 31))),
    "price": (Property("a", "number", type=PRICE), [Decimal(n) / 10 for n in range(-60, 61)]),
    "day": (
        Property("a", "date", type=DATE),
        [date(2013, 10, 20) + timedelta(days=n) for n in range(40)],
    ),
    "word": (
        Property("a", "string", type=STRING),
        ["", "a", "z", "ab", "zz", "abc", "zzz", "abcd", "abcde"],
    ),
}


@st.composite
def value_options(draw: st.DrawFn, name: str) -> Property:
    """A column that lists, bounds or steps its values, each in more than one way."""
    column, universe = OF_VALUES[name]
    near = [each for each in universe if str(each) in NEAR] if name != "day" else universe[12:17]
    listed = draw(st.none() | st.sets(st.sampled_from(near), min_size=1).map(sorted))
    options: dict[str, Any] = {}
    if name == "word":
        options = draw(
            st.fixed_dictionaries({}, optional={"minLength": SIZES, "maxLength": st.integers(1, 4)})
        )
    else:
        for key in draw(st.sets(ENDS)):
            options[key] = _stated(draw(st.sampled_from(near)))
    if name in ("number", "untyped", "price") and draw(st.booleans()):
        options["multipleOf"] = draw(st.sampled_from([0.5, 1, 2]))
    rest = {"enum": [{"value": _stated(each)} for each in listed]} if listed else {}
    return replace(column, options=options, rest=rest)


SIZES = st.integers(0, 2)
NEAR = {*map(str, range(-3, 4)), "-0.1", "0.1", "0.9", "1.0", "1.1", "2.0", "", "a", "ab", "abc"}


def _stated(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return float(value) if isinstance(value, Decimal) else value


def _admits(column: Property, value: Any) -> bool:
    """As the standard says it, told without the code that is tested."""
    given, listed = column.options, column.rest.get("enum")
    text = value.isoformat() if isinstance(value, date) else value
    number = Fraction(str(value)) if isinstance(value, int | Decimal) else None

    def end(key: str) -> Any:
        return Fraction(str(given[key])) if number is not None else given[key]

    mine = number if number is not None else text
    return (
        (listed is None or any(_same(each["value"], text) for each in listed))
        and ("minimum" not in given or mine >= end("minimum"))
        and ("exclusiveMinimum" not in given or mine > end("exclusiveMinimum"))
        and ("maximum" not in given or mine <= end("maximum"))
        and ("exclusiveMaximum" not in given or mine < end("exclusiveMaximum"))
        and ("multipleOf" not in given or number % end("multipleOf") == 0)  # type: ignore[operator]
        and len(str(text)) >= given.get("minLength", 0)
        and len(str(text)) <= given.get("maxLength", 99)
    )


def _same(one: Any, other: Any) -> bool:
    numbers = not isinstance(one, str) and not isinstance(other, str)
    return Fraction(str(one)) == Fraction(str(other)) if numbers else bool(one == other)


@settings(THOROUGH, max_examples=examples(150))
@given(
    st.sampled_from(list(OF_VALUES)).flatmap(
        lambda name: st.tuples(st.just(name), value_options(name), value_options(name))
    )
)
def test_two_contracts_that_let_the_same_values_through_differ_in_nothing_that_hurts(
    drawn: tuple[str, Property, Property],
) -> None:
    name, old, new = drawn
    universe = OF_VALUES[name][1]
    before, after = ([value for value in universe if _admits(each, value)] for each in (old, new))
    hurt = {
        side for change in diff(promised((old,)), promised((new,))).changes for side in change.hurts
    }
    assume(before and after)  # a contract that lets nothing through cannot be read
    if before == after:
        assert hurt == set()
    elif set(before) < set(after):
        assert Side.READER in hurt
    elif set(after) < set(before):
        assert Side.WRITER in hurt or Side.READER in hurt
    else:
        assert Side.READER in hurt


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("number", {"minimum": 1}, {"exclusiveMinimum": 0}),
        ("number", {"maximum": 9}, {"exclusiveMaximum": 10}),
        ("number", {"minimum": 1}, {"minimum": 0.5}),
        ("untyped", {"minimum": 1}, {"exclusiveMinimum": 0}),
        ("price", {"minimum": 0.1}, {"exclusiveMinimum": 0}),
        ("day", {"minimum": "2013-11-02"}, {"exclusiveMinimum": "2013-11-01"}),
        ("word", {"minLength": 0}, {}),
        ("number", {"multipleOf": 1}, {}),
    ],
)
def test_an_end_that_is_left_out_is_the_next_one_included(
    name: str, before: dict[str, Any], after: dict[str, Any]
) -> None:
    old, new = (replace(OF_VALUES[name][0], options=each) for each in (before, after))
    for one, other in ((old, new), (new, old)):
        assert {each.what for each in diff(promised((one,)), promised((other,))).changes} == {
            What.RESPELLED
        }


def test_an_end_that_is_left_out_of_doubles_is_another_promise() -> None:
    double = Property("a", "number", type=ColumnType(Kind.DOUBLE))
    old, new = (replace(double, options=each) for each in ({"minimum": 0}, {"exclusiveMinimum": 0}))
    (change,) = diff(promised((old,)), promised((new,))).changes
    assert change.what is What.PROMISE_TIGHTENED
