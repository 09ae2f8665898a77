"""The service levels of one product as one HTML file: nothing else is loaded, not even a script."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from mesh_dagster.model.slo import Indicator, Standing, Status
from mesh_dagster.slos.evaluate import measured
from mesh_dagster.slos.history import History
from mesh_dagster.slos.measures import Counted, Measured
from mesh_dagster.slos.plots import Axis, bounds, plot
from mesh_dagster.slos.series import ages, begins, burn_down, spells
from mesh_dagster.slos.spoken import percent, span

_MOST = 12
"""Spells, or parts, that are listed of each objective: the last ones."""

_NAMES = {
    Indicator.FRESHNESS: "Freshness",
    Indicator.LATENCY: "Timeliness",
    Indicator.FREQUENCY: "Interval of change",
    Indicator.COMPLETENESS: "Completeness",
    Indicator.ACCURACY: "Accuracy",
    Indicator.SHAPE: "Statistical shape",
    Indicator.LINEAGE: "Lineage",
    Indicator.AVAILABILITY: "Availability",
    Indicator.TIME_TO_DETECT: "Time to detect",
    Indicator.TIME_TO_NOTIFY: "Time to notify",
    Indicator.TIME_TO_REPAIR: "Time to repair",
}
_FIRES = '<span class="state burning">fires</span>'
_WORST = (Status.BREACHED, Status.BURNING, Status.AT_RISK, Status.MET, Status.UNMEASURED)

_STYLE = """
:root{--ink:#1b1f24;--soft:#5c6670;--paper:#f6f7f8;--card:#fff;--rule:#e1e5e9;--line:#2b6cb0;
--area:#2b6cb01f;--bad:#c53030;--band:#c5303026;--warn:#b7791f;--good:#2f855a}
@media (prefers-color-scheme:dark){:root{--ink:#e6e9ec;--soft:#98a2ad;--paper:#14181c;
--card:#1d2227;--rule:#333b43;--line:#63b3ed;--area:#63b3ed2e;--bad:#fc8181;--band:#fc818133;
--warn:#f6ad55;--good:#68d391}}
*{box-sizing:border-box}body{margin:0;background:var(--paper);color:var(--ink);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif}
main{max-width:1100px;margin:0 auto;padding:32px 24px 64px}
h1{font-size:26px;margin:0 0 2px}h2{font-size:18px;margin:0}p{margin:4px 0}
.soft{color:var(--soft)}.chips{display:flex;flex-wrap:wrap;gap:8px;margin:20px 0 28px}
.chip{background:var(--card);border:1px solid var(--rule);border-radius:8px;padding:8px 14px;
color:inherit;text-decoration:none}.chip b{display:block;font-size:19px}
.card{background:var(--card);border:1px solid var(--rule);border-radius:10px;padding:20px 22px;
margin:0 0 20px}.head{display:flex;gap:12px;align-items:baseline;flex-wrap:wrap}
.state{font-weight:600}.met{color:var(--good)}.at_risk,.burning{color:var(--warn)}
.breached{color:var(--bad)}.unmeasured{color:var(--soft)}
.bar{height:10px;border-radius:5px;background:var(--rule);margin:12px 0 4px;overflow:hidden}
.bar i{display:block;height:100%;background:currentColor}
.two{display:grid;grid-template-columns:repeat(auto-fill,minmax(400px,1fr));gap:18px;
margin-top:14px}figure{margin:0}figcaption{font-size:13px;color:var(--soft);margin-bottom:2px}
svg{width:100%;height:auto;display:block}.grid{stroke:var(--rule)}.tick{font-size:11px;
fill:var(--soft)}.line{fill:none;stroke:var(--line);stroke-width:2;stroke-linejoin:round}
.area{fill:var(--area)}.band{fill:var(--band)}.limit{stroke:var(--bad);stroke-dasharray:5 4}
table{border-collapse:collapse;width:100%;font-size:14px;font-variant-numeric:tabular-nums}
th{font-weight:600;text-align:left;color:var(--soft);font-size:13px}
td,th{padding:4px 14px 4px 0;border-bottom:1px solid var(--rule);vertical-align:top}
td.n,th.n{text-align:right}
"""


def page(history: History, standings: Sequence[Standing], owner: str) -> str:
    """A whole HTML document about a product's objectives at the end of its history."""
    ordered = sorted(standings, key=lambda each: _WORST.index(each.status))
    name = escape(history.product)
    return "".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width,initial-scale=1">',
            f"<title>{name} · service levels</title><style>{_STYLE}</style></head><body><main>",
            f"<h1>{name}</h1>",
            f'<p class="soft">How it keeps what it promised, on {history.until:%Y-%m-%d at %H:%M}'
            f" UTC. Owner: {escape(owner or 'nobody')}.</p>",
            '<nav class="chips">',
            *map(_chip, ordered),
            "</nav>",
            *(_card(each, history) for each in ordered),
            "</main></body></html>\n",
        ]
    )


def _title(each: Standing) -> str:
    port = each.objective.port
    return escape(_NAMES[each.objective.indicator] + (f" of {port}" if port else ""))


def _anchor(each: Standing) -> str:
    return escape(f"{each.objective.port or 'port'}-{each.objective.indicator.snake}", quote=True)


def _state(each: Standing) -> str:
    words = each.status.value.replace("_", " ")
    return f'<span class="state {each.status.value}">{words}</span>'


def _chip(each: Standing) -> str:
    kept = percent(each.kept) if each.kept is not None else "–"
    return f'<a class="chip" href="#{_anchor(each)}">{_title(each)}<b>{kept}</b>{_state(each)}</a>'


def _card(each: Standing, history: History) -> str:
    head = f'<div class="head"><h2>{_title(each)}</h2>{_state(each)}</div>'
    head += f"<p>{escape(each.now[:1].upper() + each.now[1:])}.</p>"
    found = measured(each.objective, history)
    if found is None or each.kept is None:
        return f'<section class="card" id="{_anchor(each)}">{head}</section>'
    parts = [head, _budget(each), '<div class="two">', *_figures(each, found, history), "</div>"]
    parts += ['<div class="two">', _burns(each), _told(each, found), "</div>"]
    return f'<section class="card" id="{_anchor(each)}">{"".join(parts)}</section>'


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
    bar = f'<div class="bar {each.status.value}"><i style="width:{left:.1%}"></i></div>'
    return f'{bar}<p class="soft">{" · ".join(told)}</p>'


def _figures(each: Standing, found: Measured, history: History) -> Iterator[str]:
    begin, bad = begins(found, each), spells(found, each)
    points = [(at, left * 100) for at, left in burn_down(found, each)]
    low, high = bounds([value for _, value in points], least=0, most=100)
    axis = Axis(min(begin, points[0][0]), each.at, low, high, " %")
    drawn = plot(points, axis, label="budget left over time", bands=bad, limit=0)
    yield f"<figure><figcaption>What was left of the budget</figcaption>{drawn}</figure>"
    limit = each.objective.limit
    old = ages(each.objective, history, begin)
    if not old or limit is None:
        return
    promised = limit.total_seconds() / 3600
    scale, unit = (24, " d") if promised > 72 else (1, " h")
    old = [(at, hours / scale) for at, hours in old]
    low, high = bounds([value for _, value in old], least=0, most=promised / scale * 1.1)
    axis = Axis(begin, each.at, low, high, unit)
    drawn = plot(old, axis, label="age over time", bands=bad, limit=promised / scale)
    fresh = each.objective.indicator is Indicator.FRESHNESS
    words = f"{'How old it was' if fresh else 'Since the last change'}; promised {span(limit)}"
    yield f"<figure><figcaption>{words}</figcaption>{drawn}</figure>"


def _burns(each: Standing) -> str:
    rows = "".join(
        f"<tr><td>{burn.name}</td><td>{span(burn.long)} and {span(burn.short)}</td>"
        f'<td class="n">{burn.rate:.1f} and {burn.recent:.1f}</td>'
        f'<td class="n">{burn.limit:g}</td>'
        f"<td>{_FIRES if burn.fires else ''}</td></tr>"
        for burn in each.burns
    )
    return (
        '<div><table><tr><th>Burn rate</th><th>over</th><th class="n">is</th>'
        f'<th class="n">fires from</th><th></th></tr>{rows}</table></div>'
    )


def _told(each: Standing, found: Measured) -> str:
    """What it came from: the spells, or the parts, the last first."""
    begin = each.at - each.objective.window
    if isinstance(found, Counted):
        bad = [part for part in found.bad if begin < part.at <= each.at]
        rows = [f"<td>{escape(part.name)}</td><td>{escape(part.told)}</td>" for part in bad]
        head = "<th>Part</th><th></th>"
    else:
        rows = [
            f"<td>{first:%Y-%m-%d %H:%M}</td><td>for {span(last - first)}"
            f"{' and going on' if last == each.at and each.failing else ''}</td>"
            for first, last in spells(found, each)
        ]
        head = "<th>Not kept from (UTC)</th><th></th>"
    if not rows:
        return '<div><p class="soft">It was kept all the time.</p></div>'
    more = f'<p class="soft">and {len(rows) - _MOST} before</p>' if len(rows) > _MOST else ""
    body = "".join(f"<tr>{row}</tr>" for row in reversed(rows[-_MOST:]))
    return f"<div><table><tr>{head}</tr>{body}</table>{more}</div>"
