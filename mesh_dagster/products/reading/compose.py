"""Products put together: how they join, tested on what they hold, as SQL that runs as pasted."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from mesh_dagster.errors import DescriptorError, EvaluationError, NeverPublished, UsageError
from mesh_dagster.model.address import Address
from mesh_dagster.model.contract import RECORDED_AT
from mesh_dagster.ports.sql import name_of, table_of
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.products.reading.joins import Side, Way, alike, ways
from mesh_dagster.products.reading.query import TOO_MUCH, opened
from mesh_dagster.products.reading.read import AsOf
from mesh_dagster.products.reading.sql.process import DEFAULT, Limits

_DOUBLED = 0.1
"""What it takes from the share of matched rows that each of them meets twice as many."""
_AND = "\n    and "
_LOOKED_AT = 500
"""Products that are asked whether they would stand between two that do not join."""


@dataclass(frozen=True, slots=True)
class _Asking:
    """Of what, as of when, and within which limits data is asked."""

    mesh: Mesh
    as_of: AsOf
    limits: Limits


@dataclass(frozen=True, slots=True)
class Tested:
    """What the data says of one way: of each side its rows, those whose key is empty and those
    that found a match; how many rows the join has, and the most that one row on the left meets."""

    left_rows: int
    left_nulls: int
    left_matched: int
    right_rows: int
    right_nulls: int
    right_matched: int
    joined: int
    most: int

    @property
    def left_share(self) -> float | None:
        """Of the rows on the left, the share that found any."""
        return self.left_matched / self.left_rows if self.left_rows else None

    @property
    def right_share(self) -> float | None:
        return self.right_matched / self.right_rows if self.right_rows else None

    @property
    def fan_out(self) -> float | None:
        """How many rows on the right a row on the left meets that meets any."""
        return self.joined / self.left_matched if self.left_matched else None


@dataclass(frozen=True, slots=True)
class Option:
    """One way to join, and what the data says of it; None: it could not be asked."""

    way: Way
    tested: Tested | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """How one product is joined to one before it: the best way first."""

    left: Side
    right: Side
    options: tuple[Option, ...]
    untested: str | None = None
    """Why the data could not be asked."""


@dataclass(frozen=True, slots=True)
class Composed:
    """The whole join. `apart` are those that join with nothing before them, and why."""

    sql: str
    steps: tuple[Step, ...]
    apart: tuple[tuple[Side, str], ...] = ()


def compose(
    mesh: Mesh, addresses: Sequence[Address], *, as_of: AsOf = None, limits: Limits = DEFAULT
) -> Composed:
    """Join products, each to the one before it that it fits best.

    Raises `UsageError` for fewer than two or one that is named twice, `UnknownAddress`, and
    `EvaluationError` if the data cannot be asked in time.
    """
    asking = _Asking(mesh, as_of, limits)
    waiting = _sides(mesh, addresses)
    joined, steps = [waiting.pop(0)], []
    while waiting:
        found = [
            (side, step) for side in waiting if (step := _best(asking, joined, side)) is not None
        ]
        if not found:
            break
        side, step = max(found, key=lambda each: _rank(each[1].options[0]))
        waiting.remove(side)
        joined.append(side)
        steps.append(step)
    apart = tuple((side, _why_not(mesh, joined, side)) for side in waiting)
    return Composed(_sql(joined[0], steps) if steps else "", tuple(steps), apart)


def _sides(mesh: Mesh, addresses: Sequence[Address]) -> list[Side]:
    resolved = [mesh.resolve(each) for each in addresses]
    if len(resolved) < 2:
        raise UsageError("to compose takes two products", fix="mesh compose flights/departures ...")
    if twice := [each for at, each in enumerate(resolved) if each in resolved[:at]]:
        raise UsageError(f"{twice[0].path} is named twice", fix="name each product once")
    short = [each.port or each.product for each in resolved]
    found = []
    for address, named, name in zip(resolved, addresses, short, strict=True):
        alias = name if short.count(name) == 1 else named.sql_name.replace(".", "_")
        contract = mesh.contract(address)
        found.append(Side(named, contract, alias))
    return found


def _best(asking: _Asking, joined: Sequence[Side], side: Side) -> Step | None:
    """The step to whichever of those before it fits best."""
    found = []
    for left in joined:
        resolved = [_at(asking.mesh, each) for each in (left, side)]
        known = ways(*resolved)
        if known:
            tested, why = _tested(asking, left, side, known)
            options = sorted(
                (Option(*each) for each in zip(known, tested, strict=True)),
                key=_rank,
                reverse=True,
            )
            found.append(Step(left, side, tuple(options), why))
    return max(found, key=lambda step: _rank(step.options[0])) if found else None


def _at(mesh: Mesh, side: Side) -> Side:
    """With its major, as relationships name it."""
    return Side(mesh.resolve(side.address), side.contract, side.alias)


def _rank(option: Option) -> tuple[float, ...]:
    """The better, the greater: it matches at all, meets a key, is declared, matches many rows
    without multiplying them, and compares most columns."""
    way, tested = option.way, option.tested
    share = (tested.left_share if tested else None) or 0.0
    fan_out = (tested.fan_out if tested else None) or 1.0
    return (
        tested is None or tested.joined > 0,
        way.left_key or way.right_key,
        way.declared,
        round(share - _DOUBLED * math.log2(fan_out), 2),
        len(way.on),
    )


def _tested(
    asking: _Asking, left: Side, right: Side, known: Sequence[Way]
) -> tuple[list[Tested | None], str | None]:
    """What the data says of each way, in one query; or why it says nothing."""
    counted = (f"({_counting(left, right, way, at)})" for at, way in enumerate(known))
    text = "\nunion all\n".join(counted) + "\norder by 1"
    try:
        with opened(
            text, mesh=asking.mesh, as_of=asking.as_of, limits=asking.limits, means="compose"
        ) as rows:
            found = [row for batch in rows.batches for row in batch.to_pylist()]
    except NeverPublished as error:
        return [None] * len(known), error.what
    except EvaluationError as error:
        if error.code != TOO_MUCH:
            raise
        return [None] * len(known), error.what
    return [Tested(*(int(value or 0) for value in list(row.values())[1:])) for row in found], None


def _counting(left: Side, right: Side, way: Way, number: int) -> str:
    """Keys are counted before they are joined, so that no fan-out is ever made."""
    mine = _keys(left, [(each.left, each.as_text) for each in way.on])
    theirs = _keys(right, [(each.right, each.as_text) for each in way.on])
    equal = " and ".join(f"l.k{at} = r.k{at}" for at in range(len(way.on)))
    null = " or ".join(f"k{at} is null" for at in range(len(way.on)))
    return (  # names are quoted, and what runs it reads products alone
        f"with l as ({mine}), r as ({theirs}) select {number} as way, "  # noqa: S608
        f"(select sum(n) from l) as a, (select sum(n) from l where {null}) as b, "
        "sum(l.n) as c, (select sum(n) from r) as d, "
        f"(select sum(n) from r where {null}) as e, sum(r.n) as f, "
        f"sum(l.n * r.n) as g, max(r.n) as h from l join r on {equal}"
    )


def _keys(side: Side, columns: Sequence[tuple[str, bool]]) -> str:
    keys = (f"{_as_key(name, as_text)} as k{at}" for at, (name, as_text) in enumerate(columns))
    table = table_of(side.address)
    return f"select {', '.join(keys)}, count(*) as n from {table} group by all"  # noqa: S608


def _as_key(column: str, as_text: bool) -> str:
    return f"cast({name_of(column)} as varchar)" if as_text else name_of(column)


def _sql(first: Side, steps: Sequence[Step]) -> str:
    """One SELECT: every column of each product once, under a name of its own."""
    taken: set[str] = set()
    columns: list[str] = []
    for side in (first, *(step.right for step in steps)):
        joined = _joined_away(side, steps)
        for each in side.contract.table.properties:
            if each.column in joined:
                continue
            own = _free(side, each.column, taken)
            taken.add(own.lower())
            renamed = "" if own == each.column else f" as {name_of(own)}"
            columns.append(f"{name_of(side.alias)}.{name_of(each.column)}{renamed}")
    lines = ["select", ",\n".join(f"    {each}" for each in columns)]
    lines.append(f"from {table_of(first.address)} as {name_of(first.alias)}")
    for step in steps:
        lines.append(f"left join {table_of(step.right.address)} as {name_of(step.right.alias)}")
        lines.append(f"    on {condition(step, step.options[0].way, _AND)}")
    return "\n".join(lines)


def _joined_away(side: Side, steps: Iterable[Step]) -> set[str]:
    """Columns that say what one of the same name before them says."""
    for step in steps:
        if step.right is side:
            equal = (each for each in step.options[0].way.on if each.left == each.right)
            return {each.right for each in equal} | {RECORDED_AT}
    return {RECORDED_AT}


def _free(side: Side, column: str, taken: set[str]) -> str:
    """The name of a column in the result: its own, where no product before it has that."""
    name = column
    while name.lower() in taken:
        name = f"{side.alias}_{column}" if name == column else f"{name}_"
    return name


def condition(step: Step, way: Way, between: str = " and ") -> str:
    """The ON of a join."""
    sides = name_of(step.left.alias), name_of(step.right.alias)
    equalities = []
    for each in way.on:
        pair = [f"{a}.{name_of(c)}" for a, c in zip(sides, (each.left, each.right), strict=True)]
        texts = [f"cast({one} as varchar)" for one in pair] if each.as_text else pair
        equalities.append(" = ".join(texts))
    return between.join(equalities)


def _why_not(mesh: Mesh, joined: Sequence[Side], side: Side) -> str:
    """Why a product joins with none of those before it, and what would help."""
    lines = [_known(each) for each in (*joined, side)]
    for left in joined:
        if same := alike(left, side):
            lines.append(
                f"both {left.address.path} and {side.address.path} have {', '.join(same)}: if that "
                "is the same thing, say so in both contracts, at the column:\n"
                "    customProperties:\n    - {property: entity, value: <what it identifies>}"
            )
    between = next(_between(mesh, joined, side), None)
    if between is not None:
        left, middle = between
        lines.append(
            f"{middle.path} joins with both: mesh compose {left.address.path} {middle.path} "
            f"{side.address.path}"
        )
    return "\n".join(lines)


def _known(side: Side) -> str:
    told = [
        f"{entity} ({', '.join(each.column for each in columns)})"
        for entity, columns in side.entities.items()
    ]
    return f"{side.address.path} identifies {', '.join(told) or 'no entity'}"


def _between(mesh: Mesh, joined: Sequence[Side], side: Side) -> Iterator[tuple[Side, Address]]:
    """Products that join with one of those before it and with this one."""
    known = {_at(mesh, each).address.of_product for each in (*joined, side)}
    for product in mesh.products()[:_LOOKED_AT]:
        if product.address in known:
            continue
        try:
            contracts = mesh.described(product.address).contracts
        except DescriptorError:
            continue
        middle = Side(product.address, contracts[""], product.address.product)
        if not ways(middle, _at(mesh, side)):
            continue
        for left in joined:
            if ways(_at(mesh, left), middle):
                yield left, Address(product.address.domain, product.address.product)
