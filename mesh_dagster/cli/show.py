"""`mesh show`: one product, as its owner describes it and as the mesh has it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from mesh_dagster.cli.output import as_json, emit, emit_json, emit_styled, moment
from mesh_dagster.cli.table import Column, render, shown, terminal_width
from mesh_dagster.cli.target import ADDRESS, open_mesh
from mesh_dagster.errors import NeverPublished
from mesh_dagster.model.address import Address

if TYPE_CHECKING:
    from mesh_dagster.journal import Summary
    from mesh_dagster.model.contract import Contract
    from mesh_dagster.model.product import Product
    from mesh_dagster.model.snapshot import Publication
    from mesh_dagster.model.wiring import Wiring
    from mesh_dagster.products.mesh import Mesh

_COLUMNS = [
    Column("COLUMN", least=10),
    Column("TYPE", least=6),
    Column("KEY", right=True),
    Column("REQUIRED"),
    Column("DESCRIPTION", least=16, wraps=True),
]
_LABELS = 13


@click.command()
@click.argument("address", type=ADDRESS)
@as_json
def show(address: Address, as_json: bool) -> None:
    """Show a product: its purpose, owner, ports, columns and state."""

    mesh = open_mesh()
    product = mesh.resolve(address).of_product
    described = mesh.described(product)
    wiring = _wiring(mesh, product)
    published = _current(mesh, product)
    summary = {each.product: each for each in mesh.summary(product.domain)}.get(product.path)
    if as_json:
        emit_json(
            {
                "product": described.product,
                "contracts": described.contracts,
                "wiring": wiring,
                "publication": published,
                "summary": summary,
            }
        )
        return
    _head(described.product)
    for label, text in _lines(described.product, wiring, published, summary):
        emit(_wrapped(label, text))
    for output in described.product.outputs:
        emit(f"\n{output.address}" + (f" · {output.description}" if output.description else ""))
        _columns(described.contracts[output.address.port or ""])


def _wiring(mesh: Mesh, product: Address) -> Wiring | None:
    """How it is made; None where its files are in another checkout."""
    here = {each.address for each in mesh.own()}
    return mesh.load(product).wiring if product in here else None


def _current(mesh: Mesh, product: Address) -> Publication | None:
    from mesh_dagster.products.read import publication_at

    try:
        return publication_at(mesh, product)
    except NeverPublished:
        return None


def _head(product: Product) -> None:
    facts = [product.version, product.status.value, product.archetype.value, product.stage.value]
    emit_styled(click.style(shown(" · ".join([product.address.path, *facts])), bold=True))
    if product.purpose:
        emit(textwrap.fill(product.purpose, terminal_width()))
    emit("")


def _lines(
    product: Product, wiring: Wiring | None, published: Publication | None, summary: Summary | None
) -> Iterator[tuple[str, str]]:
    owners = [member.username for member in product.members if member.role == "owner"]
    yield "owner", ", ".join([*([product.team] if product.team else []), *owners]) or "-"
    for label, text in (("usage", product.usage), ("limitations", product.limitations)):
        if text:
            yield label, text
    yield from (("use case", text) for text in product.use_cases)
    for port in product.inputs:
        yield "reads", f"{port.name}: {port.address or f'source:{port.source}'}"
    if wiring is not None:
        yield "made by", _made_by(product, wiring)
    yield "sql name", product.address.sql_name
    yield "published", _published(published, summary)
    if summary is not None and summary.quarantined:
        yield "quarantined", f"{summary.quarantined}: mesh quarantine {product.address.path}"


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


def _published(published: Publication | None, summary: Summary | None) -> str:
    if published is None:
        return "never"
    rows = sum(state.rows for state in published.ports.values())
    text = f"number {published.number} at {moment(published.at)} UTC, {rows:,} rows"
    if summary is not None and summary.newest_event:
        text += f", newest event {moment(summary.newest_event)}"
    return text


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
