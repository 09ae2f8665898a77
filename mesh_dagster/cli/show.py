"""`mesh show`: the page of a product, all that one wants to know before one uses it."""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from mesh_dagster.cli.output import as_json, emit, emit_json, emit_styled, moment, say
from mesh_dagster.cli.table import Column, render, shown, terminal_width
from mesh_dagster.cli.target import ADDRESS, open_mesh
from mesh_dagster.errors import UnknownAddress
from mesh_dagster.model.address import Address
from mesh_dagster.model.life import end_of, life_of
from mesh_dagster.model.score import MOST

if TYPE_CHECKING:
    from mesh_dagster.model.contract import Contract
    from mesh_dagster.model.discovery import ExampleQuery, LevelStanding
    from mesh_dagster.model.product import InputPort, Product
    from mesh_dagster.model.score import ScoreTold
    from mesh_dagster.model.wiring import Wiring
    from mesh_dagster.products.discovering.page import Page
    from mesh_dagster.products.mesh import Mesh

_COLUMNS = [
    Column("COLUMN", least=10),
    Column("TYPE", least=6),
    Column("KEY", right=True),
    Column("REQUIRED"),
    Column("DESCRIPTION", least=16, wraps=True),
]
_LEVELS = [
    Column("SERVICE LEVEL"),
    Column("PROMISED", least=12),
    Column("BUDGET LEFT", right=True),
    Column(
        "STATE",
        colours={"met": "green", "at risk": "yellow", "burning": "yellow", "breached": "red"},
    ),
]
_OTHERS = ("polars", "pandas", "duckdb", "sql")
_WAYS = ("spark", *_OTHERS)
_LABELS = 13
_FEW = 4
_READERS = 10
"""Readers that are listed; all of them with --json."""


@click.command()
@click.argument("address", type=ADDRESS)
@click.option(
    "--read",
    "way",
    type=click.Choice(_WAYS),
    help="Print only a script that reads it, to be run as it stands.",
)
@click.option("--query", "query", metavar="NAME", help="Print only an example query and its rows.")
@as_json
def show(address: Address, way: str | None, query: str | None, as_json: bool) -> None:
    """Show a product: what it is, how it has done, who reads it and how one does.

    mesh show flights/departures --read pandas | python
    """
    from mesh_dagster.products.discovering.page import page_of

    mesh = open_mesh()
    if way is not None:
        emit(_script(mesh, address, way).rstrip("\n"))
        return
    page = page_of(mesh, address)
    if query is not None:
        _print_query(page, query, as_json)
    elif as_json:
        emit_json(_plain(mesh, page))
    else:
        _print(page)


def _script(mesh: Mesh, address: Address, way: str) -> str:
    from mesh_dagster.products.reading.snippets import Way, snippet

    port = mesh.resolve(address)
    return snippet(port, Way(way), on_s3=mesh.storage.url.startswith("s3://"))


def _plain(mesh: Mesh, page: Page) -> dict[str, Any]:
    outputs = page.product.outputs
    return {
        "product": page.product,
        "contracts": page.contracts,
        "access": page.access,
        "may_read": page.may_read,
        "wiring": page.wiring,
        "publication": page.publication,
        "summary": page.summary,
        "age_seconds": page.age,
        "service_levels": page.levels,
        "score": page.score,
        "queries": page.queries,
        "readers": page.readers,
        "read": {
            each.address.path: {way: _script(mesh, each.address, way) for way in _WAYS}
            for each in outputs
        },
    }


def _print(page: Page) -> None:
    _head(page.product)
    for label, text in _lines(page):
        emit(_wrapped(label, text))
    if page.levels:
        emit("")
        emit_styled(render(_LEVELS, [_level(each) for each in page.levels]).text)
    for output in page.product.outputs:
        emit(f"\n{output.address}" + (f" · {output.description}" if output.description else ""))
        _columns(page.contracts[output.address.port or ""])
    _how(page)


def _head(product: Product) -> None:
    facts = [product.version, product.archetype.value, life_of(product).value]
    emit_styled(click.style(shown(" · ".join([product.address.path, *facts])), bold=True))
    if product.purpose:
        emit(textwrap.fill(product.purpose, terminal_width()))
    emit("")


def _lines(page: Page) -> Iterator[tuple[str, str]]:
    product = page.product
    if ends := end_of(product):
        why = product.deprecation.why if product.deprecation else None
        yield life_of(product).value, f"{ends}: {why}" if why else ends
    owners = [member.username for member in product.members if member.role == "owner"]
    yield "owner", ", ".join([*([product.team] if product.team else []), *owners]) or "-"
    channels = [each for each in page.access.ask if each not in owners]
    if channels or page.access.roles:
        roles = f"role {', '.join(page.access.roles)}" if page.access.roles else ""
        yield "access", "; ".join(filter(None, [roles, f"ask {', '.join(channels or owners)}"]))
    yield from _may_read(page)
    for label, text in (("usage", product.usage), ("limitations", product.limitations)):
        if text:
            yield label, text
    yield from (("use case", text) for text in product.use_cases)
    yield from (("reads", _input(port)) for port in product.inputs)
    yield from _readers(page)
    if page.wiring is not None:
        yield "made by", _made_by(product, page.wiring)
    if page.score is not None:
        yield "score", _scored(page.score)
    yield "published", _published(page)
    if page.age is not None:
        yield "newest event", _age(page.age)
    if page.summary is not None and page.summary.quarantined:
        waiting = f"{page.summary.quarantined}: mesh quarantine {product.address.path}"
        yield "quarantined", waiting


def _scored(score: ScoreTold) -> str:
    """`83 of 100: trustworthy 60`: the dimensions that lack something."""
    lacking = [f"{name} {value}" for name, value in score.dimensions.items() if value < MOST]
    return f"{score.overall} of {MOST}" + (f": {', '.join(lacking)}" if lacking else "")


def _may_read(page: Page) -> Iterator[tuple[str, str]]:
    """Of each port that is not open to everybody, whether one may read it, or how one gets to."""
    for path, decision in page.may_read.items():
        if decision.rule == "open":
            continue
        said = decision.reason if len(page.may_read) == 1 else f"{path}: {decision.reason}"
        yield "you may read" if decision.allowed else "not for you", said
        if decision.fix and not decision.allowed:
            yield "", decision.fix


def _input(port: InputPort) -> str:
    return f"{port.name}: {port.address or f'source:{port.source}'}"


def _readers(page: Page) -> Iterator[tuple[str, str]]:
    if page.readers is None:
        yield "read by", "not known: the registry cannot be asked"
        return
    for each in page.readers[:_READERS]:
        yield "read by", " · ".join(filter(None, [each.path, each.team, _of(each.columns)]))
    if len(page.readers) > _READERS:
        yield "read by", f"and {len(page.readers) - _READERS} more: --json"
    if not page.readers:
        yield "read by", "no product"


def _of(columns: Sequence[str] | None) -> str:
    if columns is None:
        return ""
    return ", ".join(columns) if len(columns) <= _FEW else f"{len(columns)} columns"


def _wrapped(label: str, text: str) -> str:
    indent = " " * (_LABELS + 2)
    first = f"  {label:<{_LABELS}}"
    return textwrap.fill(
        text,
        terminal_width(),
        initial_indent=first,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _made_by(product: Product, wiring: Wiring) -> str:
    parts = [f"{wiring.transform.kind.value} {wiring.transform.name}"]
    if wiring.partitioning:
        cut = wiring.partitioning
        parts.append(f"by {cut.every.value} of {cut.column} from {cut.start:%Y-%m-%d}")
    if wiring.schedule:
        parts.append(f"at {wiring.schedule}")
    elif any(port.address for port in product.inputs):
        parts.append("when its inputs are published")
    return ", ".join(parts)


def _published(page: Page) -> str:
    if page.publication is None:
        return "never"
    rows = page.publication.rows
    return f"number {page.publication.number} at {moment(page.publication.at)} UTC, {rows:,} rows"


def _age(seconds: float) -> str:
    from mesh_dagster.slos.spoken import span

    length = timedelta(seconds=round(abs(seconds)))
    return f"{span(length)} ago" if seconds >= 0 else f"in {span(length)}"


def _level(each: LevelStanding) -> Sequence[object]:
    from mesh_dagster.slos.spoken import percent, span

    limit = f"within {span(each.limit)}, " if each.limit is not None else ""
    return (
        f"{each.name} of {each.port}" if each.port else each.name,
        f"{limit}{percent(each.objective)} of {span(each.window)}",
        None if each.left is None else percent(each.left, places=0),
        each.status.words,
    )


def _columns(contract: Contract) -> None:
    rows: list[tuple[Any, ...]] = [
        (
            each.column,
            str(each.type or each.physical_type or each.logical_type),
            each.primary_key,
            each.mandatory,
            each.description,
        )
        for each in contract.table.properties
    ]
    emit_styled(render(_COLUMNS, rows).text)


def _how(page: Page) -> None:
    """How one reads it: a line for a shell, one for Python, and the examples to begin with."""
    emit("")
    for each in page.queries:
        emit(_wrapped("query", f"mesh query {page.name} {shlex.quote(each.name)}"))
        if each.title:
            emit(_wrapped("", each.title))
    if not page.queries:
        emit(_wrapped("query", f"mesh query {page.name}"))
    emit(_wrapped("python", f'mesh_dagster.read("{page.name}").polars()'))
    emit(_wrapped("scripts", f"mesh show {page.name} --read spark, or {', '.join(_OTHERS)}"))


def _print_query(page: Page, name: str, as_json: bool) -> None:
    found = _named(page, name)
    if as_json:
        emit_json(found)
        return
    if found.title:
        emit(textwrap.fill(f"-- {found.title}", terminal_width(), subsequent_indent="-- "))
    emit(f"{found.sql}\n")
    if found.note:
        say(found.note)
    elif found.publication is None:
        say(f"it was not run yet: mesh query {page.name} {shlex.quote(found.name)}")
    else:
        columns = [Column(each, least=6) for each in found.columns]
        emit_styled(render(columns, found.rows).text)
        say(f"the first rows of publication {found.publication}")


def _named(page: Page, name: str) -> ExampleQuery:
    from mesh_dagster.descriptors.suggest import did_you_mean

    known = {each.name: each for each in page.queries}
    if name not in known:
        raise UnknownAddress(
            f"{page.product.address.path} has no example query {name[:100]!r}"
            f"{did_you_mean(name, known)}",
            code="MESH-M069",
            fix=f"mesh show {page.product.address.path}",
        )
    return known[name]
