"""The published partitions that a key of staged rows may lie in, and no others.

A key must be unique over the whole port, and the port is large. Iceberg's manifests tell for
each file the least and greatest value of each column: a file whose range does not meet that of
the staged keys holds none of them, and is not opened. `docs/contracts/costs.md` has the numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from operator import and_, or_
from typing import Any

import polars as pl

from mesh_dagster.contracts.rules.compile import needed_elsewhere
from mesh_dagster.contracts.rules.kinds import Reference, Rule, Unique
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.snapshot import Publication
from mesh_dagster.ports.open import Ranges, open_port
from mesh_dagster.ports.types import polars_type
from mesh_dagster.products.auditing.layout import port_layout
from mesh_dagster.products.auditing.promises import rules_of
from mesh_dagster.products.mesh import Mesh

Pairs = list[tuple[str, str]]
"""The columns of a staged key, each with the one that it is looked up in."""

_ORDERED = (pl.Date, pl.Datetime, pl.String)


def rest_of_port(
    mesh: Mesh,
    loaded: LoadedProduct,
    port: str,
    partitions: Sequence[str] | None,
    *,
    state: Publication | None,
    staged: pl.LazyFrame,
) -> pl.LazyFrame | None:
    """What rules on the whole port ask of its other partitions; None where none does.

    Of those only the rows that the keys in `staged` may be found among. A column that the
    contract has got since is null there.
    """
    checked = rules_of(loaded, port)
    wanted = sorted(needed_elsewhere(checked))
    if not wanted or partitions is None or state is None or port not in state.ports:
        return None
    asked = list(_asked(checked, frozenset(wanted)))
    ranges = _ranges(asked, staged)
    if not ranges:
        return None
    product = loaded.product.address
    without = frozenset(partitions)
    data = open_port(
        mesh.storage, product, port or None, state, without=without, overlapping=ranges
    )
    if not data.files:
        return None
    known = [name for name in wanted if name in data.schema]
    types = dict(port_layout(loaded, port).types())
    new = [
        pl.lit(None, polars_type(kind) if (kind := types.get(name)) else None).alias(name)
        for name in wanted
        if name not in data.schema
    ]
    rows = data.polars(columns=known)
    among = _among(ranges, known)
    rows = rows if among is None else rows.filter(among)
    if len(asked) == 1 and {theirs for _, theirs in asked[0]} == set(known):
        rows = _shared(rows, staged, asked[0], data.schema)
    return rows.with_columns(new)


def _shared(
    rows: pl.LazyFrame, staged: pl.LazyFrame, pairs: Pairs, schema: pl.Schema
) -> pl.LazyFrame:
    """The rows whose key is staged too: a table of those is as large as what was staged.

    Where several rules ask, none of them may take rows from the others.
    """
    keys = staged.select(pl.col(mine).cast(schema[theirs]).alias(theirs) for mine, theirs in pairs)
    return rows.join(keys.drop_nulls(), on=[theirs for _, theirs in pairs], how="semi")


def _ranges(asked: Sequence[Pairs], staged: pl.LazyFrame) -> list[Ranges]:
    """For each rule on the whole port the least and greatest key there is to look up.

    A rule of which no staged row has a key looks nothing up.
    """
    schema = staged.collect_schema()
    columns = sorted({mine for pairs in asked for mine, _ in pairs if _is_ordered(schema, mine)})
    found = _ends(staged, columns)
    ranges: list[Ranges] = []
    for pairs in asked:
        known = {theirs: found[mine] for mine, theirs in pairs if mine in found}
        if all(low is not None for low, _ in known.values()):
            ranges.append(known)
    return ranges


def _asked(checked: Sequence[Rule], wanted: frozenset[str]) -> Iterator[Pairs]:
    """Of each rule on the whole port its columns, with those that they are looked up in.

    What lies within a column has no statistics: nothing bounds where such a key may be.
    """
    names = wanted.issuperset
    for rule in checked:
        if isinstance(rule, Unique) and rule.whole_port:
            yield [(name, name) for name in rule.columns] if names(rule.columns) else []
        elif isinstance(rule, Reference) and rule.target is None and names(rule.target_columns):
            yield list(zip(rule.columns, rule.target_columns, strict=True))


def _is_ordered(schema: pl.Schema, name: str) -> bool:
    dtype = schema.get(name)
    return dtype is not None and (dtype.is_integer() or isinstance(dtype, _ORDERED))


def _ends(staged: pl.LazyFrame, columns: Sequence[str]) -> dict[str, tuple[Any, Any]]:
    if not columns:
        return {}
    ends = [
        end
        for at, name in enumerate(columns)
        for end in (pl.col(name).min().alias(f"{at} low"), pl.col(name).max().alias(f"{at} high"))
    ]
    row = staged.select(ends).collect(engine="streaming").row(0, named=True)
    return {name: (row[f"{at} low"], row[f"{at} high"]) for at, name in enumerate(columns)}


def _among(ranges: Sequence[Mapping[str, tuple[Any, Any]]], known: Sequence[str]) -> Any:
    """The condition on rows, which lets Polars pass over row groups; None where there is none."""
    conditions = []
    for each in ranges:
        inside = [
            pl.col(name).is_between(pl.lit(each[name][0]), pl.lit(each[name][1]))
            for name in each
            if name in known
        ]
        if not inside:
            return None
        conditions.append(reduce(and_, inside))
    return reduce(or_, conditions)
