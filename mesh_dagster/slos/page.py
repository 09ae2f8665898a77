"""The service levels of one product as one HTML file: nothing else is loaded, not even a script."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from mesh_dagster.model.slo import WORST, Indicator, Standing, Status
from mesh_dagster.slos.evaluate import measured
from mesh_dagster.slos.gauges import meter, ring, strip
from mesh_dagster.slos.history import History
from mesh_dagster.slos.measures import Counted, Measured, Part
from mesh_dagster.slos.plots import Axis, bounds, columns, plot
from mesh_dagster.slos.series import ages, begins, burn_down, spells
from mesh_dagster.slos.spoken import percent, span
from mesh_dagster.slos.style import STYLE

_MOST = 12
"""Spells, or parts, that are listed of each objective: the last ones."""

_MOST_COLUMNS = 30

_NAMES = {
    Indicator.FRESHNESS: "Freshness",
    Indicator.LATENCY: "Timeliness",
    Indicator.FREQUENCY: "Interval of change",
    Indicator.COMPLETENESS: "Completeness",
    Indicator.ACCURACY: "Accuracy",
    Indicator.ROW_ACCURACY: "Accuracy of rows",
    Indicator.SHAPE: "Statistical shape",
    Indicator.LINEAGE: "Lineage",
    Indicator.AVAILABILITY: "Availability",
    Indicator.TIME_TO_DETECT: "Time to detect",
    Indicator.TIME_TO_NOTIFY: "Time to notify",
    Indicator.TIME_TO_REPAIR: "Time to repair",
}


def page(history: History, standings: Sequence[Standing], owner: str) -> str:
    """A whole HTML document about a product's objectives at the end of its history."""
    ordered = sorted(standings, key=lambda each: WORST.index(each.status))
    shown = [each for each in ordered if each.kept is not None]
    quiet = [each for each in ordered if each.kept is None]
    name = escape(history.product)
    return "".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width,initial-scale=1">',
            f"<title>{name} · service levels</title><style>{STYLE}</style></head><body><main>",
            f"<h1>{name}</h1>",
            f'<p class="soft">How it keeps what it promised, on {history.until:%Y-%m-%d at %H:%M}'
            f" UTC. Owner: {escape(owner or 'nobody')}.</p>",
            _verdict(ordered),
            '<nav class="chips">',
            *map(_chip, ordered),
            "</nav>",
            *(_card(each, history) for each in shown),
            '<div class="quiet">',
            *(f"{_section(each)}{_head(each)}</section>" for each in quiet),
            "</div></main></body></html>\n",
        ]
    )


def _verdict(ordered: Sequence[Standing]) -> str:
    """All of it in one line, in the colour of the worst."""
    if not ordered:
        return '<p class="verdict">It promises nothing that is measured.</p>'
    worst = ordered[0].status
    bad = sum(not each.status.kept for each in ordered)
    words = f"{bad} of {len(ordered)} promises not kept" if bad else "Every promise is kept"
    if worst is Status.UNMEASURED:
        words = "Nothing could be measured yet"
    return f'<p class="verdict {worst.value}">{words}.</p>'


def _title(each: Standing) -> str:
    port = each.objective.port
    return escape(_NAMES[each.objective.indicator] + (f" of {port}" if port else ""))


def _anchor(each: Standing) -> str:
    return escape(f"{each.objective.port or 'port'}-{each.objective.indicator.snake}", quote=True)


def _state(each: Standing) -> str:
    return f'<span class="state {each.status.value}">{each.status.words}</span>'


def _chip(each: Standing) -> str:
    kept = percent(each.kept) if each.kept is not None else "–"
    return (
        f'<a class="chip" href="#{_anchor(each)}">{ring(each)}<span>{_title(each)}'
        f'<b>{kept}</b><small class="{each.status.value}">{each.status.words}</small></span></a>'
    )


def _section(each: Standing) -> str:
    return f'<section class="card" id="{_anchor(each)}">'


def _head(each: Standing) -> str:
    head = f'<div class="head"><h2>{_title(each)}</h2>{_state(each)}</div>'
    return f"{head}<p>{escape(each.now[:1].upper() + each.now[1:])}.</p>"


def _card(each: Standing, history: History) -> str:
    found = measured(each.objective, history)
    if found is None:
        return f"{_section(each)}{_head(each)}</section>"
    parts = [_section(each), _head(each), strip(each, found), _budget(each)]
    parts += ['<div class="two">', *_figures(each, found, history), "</div>"]
    parts += ['<div class="two">', _burns(each), _told(each, found), "</div></section>"]
    return "".join(parts)


def _budget(each: Standing) -> str:
    objective = each.objective
    left = max(0.0, min(1.0, each.left))
    kind = "of the time" if each.timed else "of what was due"
    told = [
        f"Promised: {percent(objective.target)} {kind} over {span(objective.window)}",
        f"kept: {percent(each.kept or 0)}",
        f"budget left: {percent(each.left, places=0)}",
    ]
    if each.lasts and each.left > 0:
        told.append(f"at this rate for {span(each.lasts)} more")
    filled = '<i class="spent"></i>' if each.left < 0 else f'<i style="width:{left:.1%}"></i>'
    bar = f'<div class="bar {each.status.value}">{filled}</div>'
    return f'{bar}<p class="soft">{" · ".join(told)}</p>'


def _figures(each: Standing, found: Measured, history: History) -> Iterator[str]:
    begin, bad = begins(found, each), spells(found, each)
    points = [(at, left * 100) for at, left in burn_down(found, each)]
    low, high = bounds([value for _, value in points], least=0, most=100)
    axis = Axis(low, high, " %", min(begin, points[0][0]), each.at)
    drawn = plot(points, axis, label="budget left over time", bands=bad, limit=0)
    yield f"<figure><figcaption>What was left of the budget</figcaption>{drawn}</figure>"
    if isinstance(found, Counted):
        yield from _parts(each, found)
        return
    limit = each.objective.limit
    old = ages(each.objective, history, begin)
    if not old or limit is None:
        return
    promised = limit.total_seconds() / 3600
    scale, unit = (24, " d") if promised > 72 else (1, " h")
    old = [(at, hours / scale) for at, hours in old]
    low, high = bounds([value for _, value in old], least=0, most=promised / scale * 1.1)
    axis = Axis(low, high, unit, begin, each.at)
    drawn = plot(old, axis, label="age over time", bands=bad, limit=promised / scale)
    fresh = each.objective.indicator is Indicator.FRESHNESS
    words = f"{'How old it was' if fresh else 'Since the last change'}; promised {span(limit)}"
    yield f"<figure><figcaption>{words}</figcaption>{drawn}</figure>"


def _parts(each: Standing, found: Counted) -> Iterator[str]:
    """What the parts cost that were bad, one column each."""
    bad = _bad(each, found)[-_MOST_COLUMNS:]
    if bad and each.budget:
        drawn = columns([(part.name, part.bad / each.budget * 100) for part in bad], " %")
        words = "What each cost of the budget"
        yield f"<figure><figcaption>{words}</figcaption>{drawn}</figure>"


def _bad(each: Standing, found: Counted) -> list[Part]:
    begin = each.at - each.objective.window
    return [part for part in found.bad if begin < part.at <= each.at]


def _burns(each: Standing) -> str:
    return f"<div><h3>How fast the budget burns</h3>{''.join(map(meter, each.burns))}</div>"


def _told(each: Standing, found: Measured) -> str:
    """What it came from: the spells, or the parts, the last first."""
    if isinstance(found, Counted):
        head = "Not as promised"
        rows = [
            f"<td>{escape(part.name)}</td><td>{escape(part.told)}</td>"
            for part in _bad(each, found)
        ]
    else:
        head = "Not kept from (UTC)"
        rows = [
            f"<td>{first:%Y-%m-%d %H:%M}</td><td>for {span(last - first)}"
            f"{' and going on' if last == each.at and each.failing else ''}</td>"
            for first, last in spells(found, each)
        ]
    if not rows:
        return '<div><p class="soft">It was kept all the time.</p></div>'
    more = f'<p class="soft">and {len(rows) - _MOST} before</p>' if len(rows) > _MOST else ""
    body = "".join(f"<tr>{row}</tr>" for row in reversed(rows[-_MOST:]))
    return f"<div><h3>{head}</h3><table>{body}</table>{more}</div>"
