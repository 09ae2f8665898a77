"""`mesh compose`: how products join, as SQL, and what the data says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from mesh_dagster.cli.moment import moment_or_publication
from mesh_dagster.cli.output import as_json, emit, emit_json, say
from mesh_dagster.cli.target import ADDRESS, open_mesh
from mesh_dagster.model.address import Address

if TYPE_CHECKING:
    from mesh_dagster.products.reading.compose import Composed, Option, Step, Tested
    from mesh_dagster.products.reading.joins import Way

_SHOWN = 5


@click.command()
@click.argument("addresses", metavar="ADDRESS ADDRESS...", nargs=-1, type=ADDRESS, required=True)
@click.option(
    "--as-of",
    metavar="T",
    help="Test it on what had been published then: a moment (UTC) or a publication.",
)
@as_json
def compose(addresses: tuple[Address, ...], as_of: str | None, as_json: bool) -> int:
    """Join products by what their contracts say is the same thing, and test it on their data.

    mesh compose flights/departures network/airports

    The SQL is on stdout, ready to be pasted; everything else on stderr.
    """
    from mesh_dagster.products.reading.compose import compose as composed_of

    composed = composed_of(open_mesh(), addresses, as_of=moment_or_publication(as_of))
    if as_json:
        emit_json(_plain(composed))
        return 1 if composed.apart else 0
    for step in composed.steps:
        _tell(step)
    for side, why in composed.apart:
        say(f"{side.address.path} joins with nothing before it")
        say("  " + why.replace("\n", "\n  "))
    if composed.sql:
        emit(composed.sql)
    return 1 if composed.apart else 0


def _tell(step: Step) -> None:
    """The ways of one step, the best first; on stderr, so that stdout is SQL alone."""
    several = f", {len(step.options)} ways, the best first" if len(step.options) > 1 else ""
    say(f"{step.left.address.path} with {step.right.address.path}{several}")
    for number, each in enumerate(step.options[:_SHOWN], start=1):
        say(f"  {number}. {_line(each)}")
    if len(step.options) > _SHOWN:
        say(f"  and {len(step.options) - _SHOWN} more: --json")
    for word in _words(step, step.options[0]):
        say(f"  {word}")


def _line(option: Option) -> str:
    """`dest = faa · airport, declared · 98.2 % matched, 5.8 % of the other · 1.0 for each`."""
    way, tested = option.way, option.tested
    on = ", ".join(
        each.left if each.left == each.right else f"{each.left} = {each.right}" for each in way.on
    )
    parts = [on, ", ".join([*way.by, *(["declared"] if way.declared else [])])]
    if tested is not None:
        shares = f"{_share(tested.left_share)} match {_share(tested.right_share)} of the other"
        fan_out = tested.fan_out
        parts += [shares, *([] if fan_out is None else [f"{fan_out:,.1f} for each"])]
    return " · ".join(parts)


def _words(step: Step, option: Option) -> list[str]:
    """What a person should know of the way that was taken, before it is used."""
    tested, way = option.tested, option.way
    left, right = step.left.address.path, step.right.address.path
    if tested is None:
        return [f"not tested on data: {step.untested}"]
    told = [
        f"{tested.left_matched:,} of {tested.left_rows:,} rows of {left} meet "
        f"{tested.right_matched:,} of {tested.right_rows:,} of {right}"
    ]
    if tested.joined == 0:
        told.append("no row meets any: are the values written alike on both sides?")
    elif tested.most > 1:
        told.append(
            f"a row of {left} meets up to {tested.most:,} of {right}: sums over it count rows more "
            "than once" + _uncovered(step, way)
        )
    if tested.left_nulls or tested.right_nulls:
        told.append(
            f"the key is empty in {tested.left_nulls:,} rows of {left} and {tested.right_nulls:,} "
            f"of {right}: they meet none"
        )
    return told


def _uncovered(step: Step, way: Way) -> str:
    missing = step.right.key - {each.right for each in way.on}
    return f"; its key has {', '.join(sorted(missing))} as well" if missing else ""


def _share(share: float | None) -> str:
    if share is None:
        return "-"
    percent = 100 * share
    # Not all is never called all, nor some none.
    rounded = min(max(round(percent, 1), 0.1 if share > 0 else 0.0), 99.9 if share < 1 else 100.0)
    return f"{rounded:g} %"


def _plain(composed: Composed) -> dict[str, Any]:
    from mesh_dagster.products.reading.compose import condition

    return {
        "sql": composed.sql,
        "steps": [
            {
                "left": step.left.address,
                "right": step.right.address,
                "ways": [
                    {
                        "on": condition(step, option.way),
                        "columns": option.way.on,
                        "by": option.way.by,
                        "declared": option.way.declared,
                        "left_key": option.way.left_key,
                        "right_key": option.way.right_key,
                        "tested": option.tested and _numbers(option.tested),
                    }
                    for option in step.options
                ],
            }
            for step in composed.steps
        ],
        "apart": [{"product": side.address, "why": why} for side, why in composed.apart],
    }


def _numbers(tested: Tested) -> dict[str, Any]:
    return {
        "left_rows": tested.left_rows,
        "left_nulls": tested.left_nulls,
        "left_matched": tested.left_matched,
        "left_share": tested.left_share,
        "right_rows": tested.right_rows,
        "right_nulls": tested.right_nulls,
        "right_matched": tested.right_matched,
        "right_share": tested.right_share,
        "joined": tested.joined,
        "fan_out": tested.fan_out,
        "most": tested.most,
    }
