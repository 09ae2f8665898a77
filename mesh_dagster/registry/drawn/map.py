"""The context map of a mesh: its domains, their products, and who reads whom."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from mesh_dagster.model.finding import Finding
from mesh_dagster.registry.drawn.layers import Gaps, Layout, Place, laid_out
from mesh_dagster.registry.drawn.page import document, drawn_arrow, svg
from mesh_dagster.registry.drawn.picture import Arrow, words
from mesh_dagster.registry.graph import Edge, Node
from mesh_dagster.registry.graph_findings import depths_of

_CHIP = 44
_BETWEEN = 8
_HEAD = 46
_PAD = 12
_LETTER = 7.4
_MOST_CHIPS = 14
_FEW_CHIPS = 4
"""Products of a domain that are drawn, of a small mesh and of a large one."""
_DETAILED = 400
"""Products of a mesh up to which each edge is drawn; of a larger one those between domains."""
_HIGHEST = 1500
_MOST_FINDINGS = 300


@dataclass(frozen=True, slots=True)
class Mapped:
    """What a map shows of a mesh."""

    name: str
    nodes: Sequence[Node]
    edges: Sequence[Edge]
    findings: Sequence[Finding] = ()


@dataclass(frozen=True, slots=True)
class _Card:
    domain: str
    team: str
    chips: tuple[Node, ...]
    more: int

    @property
    def size(self) -> tuple[float, float]:
        names = [len(each.name) + 3 for each in self.chips]
        longest = max([len(self.domain) + 2, len(self.team), 27, *names])
        rows = len(self.chips) * (_CHIP + _BETWEEN) + (22 if self.more else 0)
        return min(340.0, longest * _LETTER + 60), _HEAD + rows + _PAD - 4


def map_page(mapped: Mapped) -> str:
    """The map as one HTML page, with what is wrong with the graph below it."""
    depths = depths_of(mapped.nodes, mapped.edges)
    readers = Counter(edge.target for edge in mapped.edges)
    detailed = len(mapped.nodes) <= _DETAILED
    cards = _cards(mapped.nodes, readers, depths, _MOST_CHIPS if detailed else _FEW_CHIPS)
    levels, sizes = _levels(cards, mapped.edges), {each.domain: each.size for each in cards}
    between = _between_domains(mapped.edges)
    layout = laid_out(sizes, _wrapped(levels, sizes), list(between), Gaps(110, 30, 28))
    chips = dict(_chip_places(cards, layout.places))
    drawn = "".join(
        _card(each, layout.places[each.domain], chips, depths, readers) for each in cards
    )
    if detailed:
        parts = [drawn, *_edges(mapped.edges, chips, layout)]
    else:
        # Names can be read: what passes a card passes below it.
        parts = [*_domain_edges(between, layout), drawn]
    return document(
        f"{mapped.name} · map",
        f"<h1>{escape(mapped.name)}</h1>",
        f'<p class="soft">{escape(in_words(mapped, depths, readers))}</p>',
        _key(),
        svg(layout.width, layout.height, *parts),
        _findings(mapped.findings),
    )


def in_words(mapped: Mapped, depths: Mapping[str, int], readers: Mapping[str, int]) -> str:
    """How large the mesh is, how deep, and who is read most, in two sentences."""
    domains = len({each.domain for each in mapped.nodes})
    told = (
        f"{_count(len(mapped.nodes), 'product')} in {_count(domains, 'domain')}, read over "
        f"{_count(len(mapped.edges), 'edge')}."
    )
    if not mapped.edges:
        return told
    deepest = max(depths, key=lambda each: (depths[each], each))
    most = max(readers, key=lambda each: (readers[each], each))
    return (
        f"{told} The longest chain ends at {deepest} ({_count(depths[deepest], 'step')}); "
        f"{most} has the most readers ({readers[most]})."
    )


def _cards(
    nodes: Sequence[Node], readers: Mapping[str, int], depths: Mapping[str, int], most: int
) -> list[_Card]:
    by_domain: dict[str, list[Node]] = defaultdict(list)
    for node in nodes:
        by_domain[node.domain].append(node)
    cards = []
    for domain, many in sorted(by_domain.items()):
        kept = sorted(many, key=lambda each: (-readers.get(each.path, 0), each.path))[:most]
        teams = Counter(each.team for each in many if each.team)
        team = teams.most_common(1)[0][0] if teams else ""
        chips = tuple(sorted(kept, key=lambda each: (depths.get(each.path, 0), each.path)))
        cards.append(_Card(domain, team, chips, len(many) - len(kept)))
    return cards


def _between_domains(edges: Sequence[Edge]) -> dict[tuple[str, str], list[Edge]]:
    found: dict[tuple[str, str], list[Edge]] = defaultdict(list)
    for edge in edges:
        ends = edge.target.partition("/")[0], edge.reader.partition("/")[0]
        if ends[0] != ends[1]:
            found[ends].append(edge)
    return found


def _levels(cards: Sequence[_Card], edges: Sequence[Edge]) -> Mapping[str, int]:
    """Domains stand to the right of those that they read."""
    domains = [Node(each.domain, each.domain) for each in cards]
    return depths_of(domains, [Edge(reader, target) for target, reader in _between_domains(edges)])


def _wrapped(levels: Mapping[str, int], sizes: Mapping[str, tuple[float, float]]) -> dict[str, int]:
    """A level that is higher than a screen or two becomes several columns."""
    columns: dict[tuple[int, int], int] = {}
    filled: dict[int, tuple[int, float]] = {}
    where = {}
    for domain in sorted(sizes, key=lambda each: (levels[each], each)):
        level, high = levels[domain], sizes[domain][1]
        at, used = filled.get(level, (0, 0.0))
        if used and used + high > _HIGHEST:
            at, used = at + 1, 0.0
        filled[level] = (at, used + high)
        where[domain] = (level, at)
    for number, key in enumerate(sorted(set(where.values()))):
        columns[key] = number
    return {domain: columns[key] for domain, key in where.items()}


def _chip_places(
    cards: Sequence[_Card], places: Mapping[str, Place]
) -> Iterator[tuple[str, Place]]:
    for card in cards:
        place = places[card.domain]
        for at, chip in enumerate(card.chips):
            y = place.y + _HEAD + at * (_CHIP + _BETWEEN)
            yield chip.path, Place(place.x + _PAD, y, place.width - 2 * _PAD, _CHIP)


def _card(
    card: _Card,
    place: Place,
    chips: Mapping[str, Place],
    depths: Mapping[str, int],
    readers: Mapping[str, int],
) -> str:
    x, y = place.x, place.y
    more = ""
    if card.more:
        end = y + place.height - 14
        more = f'<text class="small" x="{x + _PAD:.1f}" y="{end:.1f}">and {card.more} more</text>'
    drawn = "".join(
        _chip(each, chips[each.path], depths.get(each.path, 0), readers.get(each.path, 0))
        for each in card.chips
    )
    return (
        f'<g class="node" data-id="{escape(card.domain)}"><rect class="domain" x="{x:.1f}" '
        f'y="{y:.1f}" width="{place.width:.1f}" '
        f'height="{place.height:.1f}" rx="14"/>'
        f'<text class="head" x="{x + _PAD + 2:.1f}" y="{y + 22:.1f}">{escape(card.domain)}</text>'
        f'<text class="small" x="{x + _PAD + 2:.1f}" y="{y + 38:.1f}">'
        f"{escape(_cut(card.team, place.width - 30))}</text>{drawn}{more}</g>"
    )


def _chip(node: Node, place: Place, depth: int, readers: int) -> str:
    x, y = place.x, place.y
    told = [node.stage, _count(readers, "reader") if readers else "no reader"]
    told += [f"depth {depth}"] if depth else []
    status = "" if node.status in ("", "active") else f" ({node.status})"
    title = "\n".join(filter(None, (node.path, node.purpose, node.team, words(node.slo))))
    return (
        f'<g class="node" data-id="{escape(node.path)}"><title>{escape(title)}</title>'
        f'<rect class="box" x="{x:.1f}" y="{y:.1f}" width="{place.width:.1f}" '
        f'height="{place.height:.1f}" rx="9"/>'
        f'<rect class="bar {escape(node.archetype)}" x="{x + 5:.1f}" y="{y + 7:.1f}" width="4" '
        f'height="{place.height - 14:.1f}" rx="2"/>'
        f'<text class="bold" x="{x + 16:.1f}" y="{y + 18:.1f}">'
        f"{escape(_cut(node.name + status, place.width - 44))}</text>"
        f'<text class="small" x="{x + 16:.1f}" y="{y + 34:.1f}">'
        f"{escape(_cut(' · '.join(filter(None, told)), place.width - 20))}</text>"
        f'<circle class="slo {escape(node.slo)}" cx="{x + place.width - 14:.1f}" '
        f'cy="{y + 14:.1f}" r="5"/></g>'
    )


def _cut(text: str, width: float) -> str:
    room = max(int(width / _LETTER), 2)
    return text if len(text) <= room else text[: room - 1] + "…"


def _edges(edges: Sequence[Edge], chips: Mapping[str, Place], layout: Layout) -> Iterator[str]:
    for edge in edges:
        if edge.target not in chips or edge.reader not in chips:
            continue
        from_, to = chips[edge.target], chips[edge.reader]
        start = from_.x + from_.width, from_.y + from_.height / 2
        end = to.x, to.y + to.height / 2
        domains = edge.target.partition("/")[0], edge.reader.partition("/")[0]
        path = layout.path(domains, start, end)
        if domains[0] == domains[1]:
            # Around the outside of its card.
            x, out = to.x + to.width, to.x + to.width + 46
            above, below = f"{start[1]:.1f}", f"{end[1]:.1f}"
            path = f"M{x:.1f},{above} C{out:.1f},{above} {out:.1f},{below} {x:.1f},{below}"
        yield drawn_arrow(Arrow(edge.target, edge.reader, _columns(edge), edge.declared), path)


def _columns(edge: Edge) -> str:
    named = edge.observed_columns if edge.observed_columns is not None else edge.declared_columns
    return "" if named is None else ", ".join(named)


def _domain_edges(
    between: Mapping[tuple[str, str], Sequence[Edge]], layout: Layout
) -> Iterator[str]:
    for (target, reader), many in between.items():
        if target not in layout.places or reader not in layout.places:
            continue  # read, and told of by nobody
        from_, to = layout.places[target], layout.places[reader]
        path = layout.path(
            (target, reader), (from_.x + from_.width, from_.y + 22), (to.x, to.y + 22)
        )
        declared = any(each.declared for each in many)
        yield drawn_arrow(Arrow(target, reader, _count(len(many), "edge"), declared), path)


def _key() -> str:
    kinds = ("source-aligned", "aggregate", "consumer-aligned")
    states = {"met": "keeps its promises", "at_risk": "at risk", "burning": "burns its budget"}
    states |= {"breached": "breached", "none": "nothing measured"}
    return "".join(
        [
            '<div class="key">',
            *(f'<span><i class="{each}"></i>{each}</span>' for each in kinds),
            *(f'<span><i class="round {k}"></i>{told}</span>' for k, told in states.items()),
            "<span>- - - read and not declared</span></div>",
        ]
    )


def _findings(findings: Sequence[Finding]) -> str:
    if not findings:
        return ""
    rows = "".join(
        f"<tr><td><code>{escape(each.code)}</code></td><td>{escape(each.subject)}</td>"
        f"<td>{escape(each.message)}</td></tr>"
        for each in findings[:_MOST_FINDINGS]
    )
    left = len(findings) - _MOST_FINDINGS
    more = f'<p class="soft">and {left} more</p>' if left > 0 else ""
    head = "<tr><th>CODE</th><th>PRODUCT</th><th>FINDING</th></tr>"
    return f"<h2>What the graph says</h2><table>{head}{rows}</table>{more}"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
