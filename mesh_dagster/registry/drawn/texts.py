"""A picture in the languages of Mermaid and Graphviz. Names are other domains': all is escaped."""

from __future__ import annotations

from collections.abc import Iterator

from mesh_dagster.registry.drawn.picture import Arrow, Box, Picture

_LONGEST = 60
_SHAPES = {"source": ("[(", ")]")}


def mermaid(picture: Picture) -> str:
    """A flowchart, as Markdown of many sites draws it."""
    ids = {each.id: f"n{at}" for at, each in enumerate(picture.boxes)}
    lines = ["flowchart LR"]
    for box in picture.boxes:
        before, after = _SHAPES.get(box.kind, ("[", "]"))
        text = "<br/>".join(map(_for_mermaid, _lines(box)))
        lines.append(f'    {ids[box.id]}{before}"{text}"{after}')
    for arrow in _at_once(picture.arrows):
        line = "-->" if arrow.certain else "-.->"
        label = f'|"{_for_mermaid(_short(arrow.label))}"|' if arrow.label else ""
        lines.append(f"    {ids[arrow.source]} {line}{label} {ids[arrow.target]}")
    lines += [f"    style {ids[each.id]} stroke-width:3px" for each in picture.boxes if each.start]
    return "\n".join(lines)


def dot(picture: Picture) -> str:
    """A digraph for Graphviz."""
    lines = [
        "digraph lineage {",
        "  rankdir=LR;",
        '  node [shape=box, style="rounded", fontname="Helvetica"];',
        '  edge [fontname="Helvetica", fontsize=10];',
    ]
    for box in picture.boxes:
        label = r"\n".join(_for_dot(each) for each in _lines(box))
        wide = ", penwidth=2.5" if box.start else ""
        shape = ", shape=cylinder" if box.kind == "source" else ""
        lines.append(f'  "{_for_dot(box.id)}" [label="{label}"{wide}{shape}];')
    for arrow in _at_once(picture.arrows):
        style = "" if arrow.certain else ", style=dashed"
        label = _for_dot(_short(arrow.label))
        ends = f'"{_for_dot(arrow.source)}" -> "{_for_dot(arrow.target)}"'
        lines.append(f'  {ends} [label="{label}"{style}];')
    return "\n".join([*lines, "}"])


def _lines(box: Box) -> Iterator[str]:
    yield box.title
    if box.told:
        yield box.told
    yield from (f"· {row}" for row in box.rows)


def _at_once(arrows: tuple[Arrow, ...]) -> Iterator[Arrow]:
    """One arrow for each pair of boxes: neither language draws from row to row."""
    between: dict[tuple[str, str], list[Arrow]] = {}
    for each in arrows:
        between.setdefault((each.source, each.target), []).append(each)
    for (source, target), many in between.items():
        labels = dict.fromkeys(_label(each) for each in many)
        told = ", ".join(filter(None, labels))
        yield Arrow(source, target, told, any(each.certain for each in many))


def _label(arrow: Arrow) -> str:
    if arrow.source_row is None:
        return arrow.label
    return f"{arrow.source_row} → {arrow.target_row}"


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _for_mermaid(text: str) -> str:
    """Only what is harmless stays itself: the rest is written by its number."""
    return "".join(
        each if each.isalnum() or each in " /_-.,·→…()%:" else f"#{ord(each)};" for each in text
    )


def _for_dot(text: str) -> str:
    harmless = "".join(each if each.isprintable() else " " for each in text)
    return harmless.replace("\\", "\\\\").replace('"', '\\"')
