"""`mesh score`: how good products are to use, on what evidence, and what would raise it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mesh_dagster.cli.apart import Apart
from mesh_dagster.cli.output import as_json, emit, emit_json, emit_styled, say, write
from mesh_dagster.cli.table import Column, render, shown, terminal_width
from mesh_dagster.cli.target import SUBJECT, open_mesh
from mesh_dagster.model.address import Address

if TYPE_CHECKING:
    from mesh_dagster.model.score import DimensionScore, Point
    from mesh_dagster.products.mesh import Mesh
    from mesh_dagster.products.scoring.score import Scored

_DIMENSIONS = [
    Column("DIMENSION", least=12),
    Column("SCORE", right=True),
    Column("DECLARED", right=True),
    Column("OBSERVED", right=True),
    Column("WEIGHT", right=True, least=6),
]
_INDENT = "  "


@click.command()
@click.argument("subject", metavar="[ADDRESS|DOMAIN]", type=SUBJECT, required=False)
@click.option(
    "--badge",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the score into a small SVG picture.",
)
@click.option(
    "--least",
    type=click.IntRange(0, 100),
    metavar="N",
    help="Exit with 1 if a product has less.",
)
@as_json
def score(
    subject: Address | str | None, badge: Path | None, least: int | None, as_json: bool
) -> int:
    """Score products from 0 to 100: discoverable, addressable, trustworthy, and so on.

    Of one product each point is told with its evidence, and the command that would raise it;
    without an argument the products of this checkout are listed.
    """
    mesh, apart = open_mesh(), Apart()
    found = _asked(mesh, subject, apart)
    if badge is not None and found:
        _write(found, subject, badge)
    if as_json:
        emit_json([_plain(each) for each in found])
    elif isinstance(subject, Address):
        _print(found[0])
    elif found:
        _list(found)
    elif not apart.problems:
        say("there is no product here to score")
    low = least is not None and any(each.score.overall < least for each in found)
    return apart.tell() or int(low)


def _asked(mesh: Mesh, subject: Address | str | None, apart: Apart) -> list[Scored]:
    from mesh_dagster.products.scoring.score import score_of, scores_of

    if isinstance(subject, Address):
        return [score_of(mesh, subject)]
    if subject is not None:
        return scores_of(mesh, subject)
    found: list[Scored] = []
    for domain in mesh.domains:
        with apart.domain(domain.name):
            found += scores_of(mesh, domain.name)
    return found


def _list(found: Sequence[Scored]) -> None:
    from mesh_dagster.scoring.score import mean

    names = [each.name for each in found[0].score.dimensions]
    columns = [Column("PRODUCT", least=20), Column("SCORE", right=True), Column("30 D", right=True)]
    columns += [Column(name[:4].upper(), right=True) for name in names]
    rows = [
        (each.score.product, each.score.overall, _change(each), *_values(each, names))
        for each in found
    ]
    if len(found) > 1:
        of_all = mean(each.score for each in found)
        rows.append(("on average", of_all["overall"], "", *(of_all[name] for name in names)))
    emit_styled(render(columns, rows).text)
    for each in found:
        for failing in (one for one in each.score.dimensions if one.fails):
            say(f"{each.score.product}: {failing.name} fails, so it has no more than 50")


def _values(each: Scored, names: Sequence[str]) -> Iterator[int]:
    told = each.score.told.dimensions
    return (told[name] for name in names)


def _change(each: Scored) -> str:
    return "" if not each.change else f"{each.change:+d}"


def _print(found: Scored) -> None:
    from mesh_dagster.scoring.score import lost

    score = found.score
    head = [score.product, f"{score.overall} of 100", f"rule set {score.rules}"]
    if found.trend is not None:
        moved = f"{found.change:+d}" if found.change else "as it was"
        head.append(f"{moved} since {found.trend.since:%Y-%m-%d %H:%M}")
    emit_styled(click.style(shown(" · ".join(head)), bold=True))
    emit("")
    rows = [
        (each.name, each.value, each.declared, each.observed, f"{each.weight:g}")
        for each in score.dimensions
    ]
    emit_styled(render(_DIMENSIONS, rows).text)
    for each in score.dimensions:
        if each.fails:
            emit(f"{each.name} fails, so the whole is no more than 50")
    missing = list(lost(score))
    if missing:
        emit("\nWhat would raise it, what helps most first:")
    for dimension, point, gain in missing:
        _print_lost(dimension, point, gain)
    held = [(d, p) for d in score.dimensions for p in d.points if p.share == 1]
    if held:
        emit("\nWhat is so:")
    for dimension, point in held:
        emit(_wrapped(f"{dimension.name} · {point.name} · {point.evidence}", _INDENT))


def _print_lost(dimension: DimensionScore, point: Point, gain: int) -> None:
    rises = f" · +{gain}" if gain else ""
    got = f" · {point.share:.0%} of it" if point.share else ""
    emit(f"\n{_INDENT}{dimension.name} · {point.name} · {point.side.value}{got}{rises}")
    emit(_wrapped(point.evidence, _INDENT * 2))
    if point.where:
        emit(f"{_INDENT * 2}at {point.where}")
    if point.fix:
        emit(f"{_INDENT * 2}fix: {point.fix}")


def _wrapped(text: str, indent: str) -> str:
    return textwrap.fill(
        shown(text),
        terminal_width(),
        initial_indent=indent,
        subsequent_indent=indent + _INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _plain(each: Scored) -> dict[str, Any]:
    from mesh_dagster.scoring.score import lost

    score = each.score
    gains = {(d.name, p.name): gain for d, p, gain in lost(score)}
    return {
        "product": score.product,
        "rules": score.rules,
        "score": score.overall,
        "change": each.change,
        "since": each.trend.since if each.trend else None,
        "dimensions": [
            {
                "name": one.name,
                "weight": one.weight,
                "score": one.value,
                "declared": one.declared,
                "observed": one.observed,
                "fails": one.fails,
                "points": [
                    {
                        "name": point.name,
                        "side": point.side.value,
                        "worth": point.worth,
                        "share": round(point.share, 4),
                        "evidence": point.evidence,
                        "where": point.where,
                        "fix": point.fix,
                        "gain": gains.get((one.name, point.name), 0),
                    }
                    for point in one.points
                ],
            }
            for one in score.dimensions
        ],
    }


def _write(found: Sequence[Scored], subject: Address | str | None, file: Path) -> None:
    from mesh_dagster.scoring.badge import badge
    from mesh_dagster.scoring.score import mean

    title = found[0].score.product if isinstance(subject, Address) else subject or "this mesh"
    picture = badge(mean(each.score for each in found)["overall"], title)
    write(picture, file)
    say(f"written: {file}")
