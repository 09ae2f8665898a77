"""A score as a small picture for a README or a page: SVG that loads nothing."""

from __future__ import annotations

from xml.sax.saxutils import escape

_LABEL = "data product"
_COLOURS = ((90, "#2e7d32"), (75, "#558b2f"), (60, "#9e7700"), (40, "#c75b00"), (0, "#b3261e"))
_LETTER = 6.6
"""Pixels that a letter takes at the most, in the fonts that the badge asks for."""

_SVG = """\
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img" aria-label="{title}">
<title>{title}</title>
<clipPath id="r"><rect width="{width}" height="20" rx="3"/></clipPath>
<g clip-path="url(#r)">
<rect width="{left}" height="20" fill="#444"/>
<rect x="{left}" width="{right}" height="20" fill="{colour}"/>
</g>
<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle">
<text x="{label_at}" y="14">{label}</text>
<text x="{value_at}" y="14">{value}</text>
</g>
</svg>
"""


def badge(overall: int, title: str) -> str:
    """The badge of a score from 0 to 100; `title` is what it is of, for who cannot see it."""
    value = f"{overall} of 100"
    left, right = (round(len(text) * _LETTER) + 14 for text in (_LABEL, value))
    colour = next(colour for least, colour in _COLOURS if overall >= least)
    return _SVG.format(
        width=left + right,
        left=left,
        right=right,
        colour=colour,
        label=_LABEL,
        value=value,
        title=escape(f"{title}: {value}", {'"': "&quot;"}),
        label_at=left / 2,
        value_at=left + right / 2,
    )
