"""A picture as one HTML page: SVG, a style and a few lines of script, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from mesh_dagster.registry.drawn.layers import Gaps, Layout, Place, farthest, laid_out
from mesh_dagster.registry.drawn.picture import Arrow, Box, Picture
from mesh_dagster.registry.drawn.style import SCRIPT, STYLE

_LETTER = 7.4
_ROW = 19
_FITS = 2400
_MANY = 250
_MARKER = (
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="7" '
    'markerHeight="7" orient="auto"><path class="head-of" d="M0,0 L8,4 L0,8 z"/></marker></defs>'
)


def document(title: str, *body: str) -> str:
    """A whole page around what is in it."""
    return "".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width,initial-scale=1">',
            f"<title>{escape(title)}</title><style>{STYLE}</style></head><body><main>",
            *body,
            f"</main><script>{SCRIPT}</script></body></html>\n",
        ]
    )


def svg(width: float, height: float, *parts: str) -> str:
    size = f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}"'
    inside = "".join(parts)
    kinds = ["fits"] * (width <= _FITS) + ["many"] * (inside.count('class="arrow') > _MANY)
    size += f' class="{" ".join(kinds)}"' if kinds else ""
    return f'<div class="picture"><svg {size} role="img">{_MARKER}{inside}</svg></div>'


def page(picture: Picture, told: str) -> str:
    """The page of a lineage: what something is made of on the left, what is made of it right."""
    sizes = {each.id: _size(each) for each in picture.boxes}
    levels = {each.id: each.level for each in picture.boxes}
    ends = [(each.source, each.target) for each in picture.arrows]
    start = next((each.id for each in picture.boxes if each.start), "")
    layout = laid_out(sizes, farthest(start, levels, ends), ends, Gaps())
    boxes = {each.id: each for each in picture.boxes}
    arrows = "".join(_arrow(each, boxes, layout) for each in picture.arrows)
    drawn = "".join(_drawn(each, layout.places[each.id]) for each in picture.boxes)
    return document(
        f"{picture.title} · lineage",
        f"<h1>{escape(picture.title)}</h1>",
        f'<p class="soft">{escape(told)}</p>',
        svg(layout.width, layout.height, arrows, drawn),
        legend(),
    )


def legend() -> str:
    """What the colours stand for."""
    archetypes = ("source-aligned", "aggregate", "consumer-aligned")
    return "".join(
        [
            '<div class="key">',
            *(f'<span><i class="{each}"></i>{each}</span>' for each in archetypes),
            '<span><i class="source"></i>source system</span>',
            "<span>- - - not certain, or not declared</span></div>",
        ]
    )


def _size(box: Box) -> tuple[float, float]:
    wide = max([len(box.title), len(box.told) * 0.86, *(len(each) for each in box.rows)])
    return min(420.0, max(150.0, wide * _LETTER + 34)), 46 + _ROW * len(box.rows) + (
        8 if box.rows else 0
    )


def _drawn(box: Box, place: Place) -> str:
    start = " start" if box.start else ""
    x, y = place.x, place.y
    told = _cut(box.told, place, 0.86)
    texts = [
        f'<text class="bold" x="{x + 16:.1f}" y="{y + 19:.1f}">{_cut(box.title, place)}</text>',
        f'<text class="small" x="{x + 16:.1f}" y="{y + 36:.1f}">{told}</text>',
    ]
    for at, row in enumerate(box.rows):
        name = "which rows there are" if row == "*" else row
        line = y + 60 + at * _ROW
        texts.append(f'<text x="{x + 16:.1f}" y="{line:.1f}">{_cut(name, place)}</text>')
    return (
        f'<g class="node{start}" data-id="{escape(box.id)}"><title>{escape(box.id)}</title>'
        f'<rect class="box" x="{x:.1f}" y="{y:.1f}" width="{place.width:.1f}" '
        f'height="{place.height:.1f}" rx="9"/>'
        f'<rect class="bar {escape(box.kind)}" x="{x + 5:.1f}" y="{y + 8:.1f}" width="4" '
        f'height="{place.height - 16:.1f}" rx="2"/>{"".join(texts)}</g>'
    )


def _cut(text: str, place: Place, size: float = 1) -> str:
    room = int((place.width - 30) / _LETTER / size)
    return escape(text if len(text) <= room else text[: max(room - 1, 1)] + "…")


def _arrow(arrow: Arrow, boxes: dict[str, Box], layout: Layout) -> str:
    if arrow.source not in boxes or arrow.target not in boxes:
        return ""
    from_, to = layout.places[arrow.source], layout.places[arrow.target]
    start = from_.x + from_.width, _middle(boxes[arrow.source], from_, arrow.source_row)
    end = to.x, _middle(boxes[arrow.target], to, arrow.target_row)
    return drawn_arrow(arrow, layout.path((arrow.source, arrow.target), start, end))


def drawn_arrow(arrow: Arrow, path: str) -> str:
    kind = "arrow" if arrow.certain else "arrow perhaps"
    return (
        f'<path class="{kind}" data-from="{escape(arrow.source)}" data-to="{escape(arrow.target)}" '
        f'marker-end="url(#tip)" d="{path}"><title>{"".join(_told(arrow))}</title></path>'
    )


def _told(arrow: Arrow) -> Iterator[str]:
    rows = [f".{each}" if each else "" for each in (arrow.source_row, arrow.target_row)]
    yield escape(f"{arrow.source}{rows[0]} → {arrow.target}{rows[1]}")
    if arrow.label:
        yield escape(f": {arrow.label}")


def _middle(box: Box, place: Place, row: str | None) -> float:
    if row is None or row not in box.rows:
        return place.y + 23
    return place.y + 56 + box.rows.index(row) * _ROW
