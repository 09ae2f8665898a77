"""What one column can promise of its values: presence, values, ranges, lengths, shapes.

A promise is made where tomorrow's file would have to be another kind of file to break it. Where
the data of one day cannot tell, it is left out, and a remark says what was seen.
"""

from __future__ import annotations

from collections.abc import Iterator

from mesh_dagster.contracts.inference.profile import LOWEST, Column, Profile
from mesh_dagster.contracts.inference.promise import Promise, remark, share
from mesh_dagster.contracts.inference.shapes import FORMATS
from mesh_dagster.contracts.rules.grammar import snake

ENOUGH = 100
"""Rows below which nothing is said about presence: three in a hundred could still be missing."""

ENOUGH_FOR_RANGE = 200
ENOUGH_FOR_ENUM = 300
RAREST = 30
_TAIL = 20
"""A value this many times rarer than an even share is a tail: more of it may be hidden."""

MANY = 100
_SPARE = 4
_LONGEST_VALUE = 50
_CODES = {
    ("lat", "latitude"): (-90, 90),
    ("lon", "lng", "long", "longitude"): (-180, 180),
    ("month",): (1, 12),
    ("day", "day_of_month"): (1, 31),
    ("hour",): (0, 24),
    ("minute",): (0, 60),
}
_NATURAL = {name: ends for names, ends in _CODES.items() for name in names}


def promises(column: Column, table: Profile) -> Iterator[Promise]:
    """All that can be said of one column."""
    yield from _required(column, table)
    if column.is_text:
        yield from _enum(column)
        yield from _shape(column)
        yield from _length(column)
    elif column.dtype.is_numeric():
        yield from _range(column)


def _required(column: Column, table: Profile) -> Iterator[Promise]:
    seen = share(column.values, column.rows)
    if column.nulls:
        yield remark(f"{seen} have it")
    elif column.rows < ENOUGH:
        yield remark(f"{seen} have it, too few to promise that each will")
    elif (gap := _gap_in_a_sibling(column, table)) is not None:
        yield remark(f"{seen} have it, but {gap} is missing at times, and may be so too")
    else:
        yield Promise(("required",), True, f"{seen} have it")


def _gap_in_a_sibling(column: Column, table: Profile) -> str | None:
    """Measurements fail together: where one of them is null at times the next one may be."""
    if not column.dtype.is_float():
        return None
    for other in table.columns:
        if other.path[:-1] == column.path[:-1] and other.dtype.is_float() and other.nulls:
            return other.name
    return None


def _enum(column: Column) -> Iterator[Promise]:
    counts = column.counts
    if not counts or len(counts) < 2:
        return
    rarest = min(counts, key=lambda each: (counts[each], each))
    told = f"{len(counts)} different values in {column.values:,} rows"
    least = f"the rarest in {counts[rarest]:,}"
    even = column.values / len(counts)
    if any(len(each) > _LONGEST_VALUE for each in counts) or column.values < ENOUGH_FOR_ENUM:
        return
    if column.late is not None:
        yield remark(f"{told}: no enum, {column.late!r} is new in the second half of the rows")
    elif counts[rarest] < max(RAREST, even / _TAIL):
        yield remark(f"{told}: no enum, {rarest!r} is in {counts[rarest]:,} only, more may come")
    else:
        values = [{"value": each} for each in sorted(counts)]
        yield Promise(("enum",), values, f"{told}, {least}, none new in the second half")


def _shape(column: Column) -> Iterator[Promise]:
    if column.shape is None or column.distinct < MANY:
        return
    told = f"all {column.values:,} values are of it"
    key = "format" if column.shape in FORMATS else "pattern"
    yield Promise(("logicalTypeOptions", key), column.shape, told)


def _length(column: Column) -> Iterator[Promise]:
    if column.counts or column.shape or column.values < ENOUGH or column.distinct < MANY:
        return
    if column.longest is None or column.shortest is None:
        return
    told = f"the longest of {column.values:,} has {column.longest:,} characters"
    room = 16
    while room < column.longest * _SPARE:
        room *= 2
    if column.shortest > 0 and column.values >= 10 * ENOUGH:
        none = f"none of {column.values:,} is empty"
        yield Promise(("logicalTypeOptions", "minLength"), 1, none)
    yield Promise(("logicalTypeOptions", "maxLength"), room, f"{told}; {_SPARE} times is room")


def _range(column: Column) -> Iterator[Promise]:
    least, most = column.least, column.most
    if least is None or column.values < ENOUGH_FOR_RANGE:
        return
    seen = f"{_number(least)} to {_number(most)} in {column.values:,} rows"
    natural = _NATURAL.get(snake(column.path[-1]))
    if natural and natural[0] <= least and most <= natural[1]:
        yield Promise(("logicalTypeOptions", "minimum"), natural[0], f"{seen}; by its name")
        yield Promise(("logicalTypeOptions", "maximum"), natural[1], "by its name")
    elif least >= 0 and column.lowest * 2 * LOWEST >= column.values and most > least:
        low = f"{column.lowest:,} of them up to {_number(most / LOWEST)}"
        wall = f"{seen}, {low}: as many as elsewhere, so 0 is where they end"
        yield Promise(("logicalTypeOptions", "minimum"), 0, wall)
    else:
        yield remark(f"{seen}")


def _number(value: object) -> str:
    return f"{value:,.6g}" if isinstance(value, float) else f"{value:,}"
