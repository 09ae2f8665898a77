"""`mesh impact`: what would break with a column, a product, or a change of a contract."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from mesh_dagster.cli.column_target import TARGET, Target
from mesh_dagster.cli.output import as_json, emit, emit_json, emit_styled, say
from mesh_dagster.cli.table import Column, render
from mesh_dagster.cli.target import open_mesh
from mesh_dagster.errors import UsageError

if TYPE_CHECKING:
    from mesh_dagster.products.mesh import Mesh
    from mesh_dagster.registry.impact import Affected, Impact

_COLOURS = {"met": "green", "at_risk": "yellow", "burning": "yellow", "breached": "red"}
_COLUMNS = [
    Column("STEP", right=True),
    Column("PRODUCT", least=24),
    Column("BREAKS", below=lambda row: True),
    Column("OWNER", least=12),
    Column("STAGE"),
    Column("SLO", colours=_COLOURS),
]
_LISTED = 12


@click.command()
@click.argument("target", type=TARGET, metavar="ADDRESS[.COLUMN]", required=False)
@click.option(
    "--change",
    nargs=2,
    metavar="OLD NEW",
    help="Of a contract's change: files, files in git, or addresses.",
)
@as_json
def impact(target: Target | None, change: tuple[str, str] | None, as_json: bool) -> int:
    """Tell what would break downstream, in the order in which it would.

    \b
    mesh impact flights/departures.dep_delay
    mesh impact weather/observations
    mesh impact --change HEAD:contract.odcs.yaml contract.odcs.yaml

    Exits with 0 where nothing downstream is touched, with 1 where something is.
    """
    if (target is None) == (change is None):
        raise UsageError(
            "say what would change: a product, one of its columns, or a change of a contract",
            code="MESH-L045",
            fix="mesh impact flights/departures.dep_delay, or mesh impact --change OLD NEW",
        )
    mesh = open_mesh()
    found = _of_target(mesh, target) if target is not None else _of_change(mesh, *(change or ()))
    if found is None:
        say("nothing changes for those who read it")
        return 0
    if as_json:
        emit_json(found)
    else:
        _show(found)
    return 1 if found.affected else 0


def _of_target(mesh: Mesh, target: Target) -> Impact:
    from mesh_dagster.products.discovering.graph import column_of, graph_of
    from mesh_dagster.registry.impact import impact as found

    port = mesh.resolve(target.address)
    columns = None if target.column is None else [column_of(mesh, port, target.column)]
    with graph_of(mesh) as graph:
        whole = columns is None and port.port is None
        return found(graph, port.path, columns, graph.ports_read(port.path) if whole else ())


def _of_change(mesh: Mesh, old: str = "", new: str = "") -> Impact | None:
    from mesh_dagster.cli.contract_diff import side
    from mesh_dagster.contracts.evolution.diff import diff
    from mesh_dagster.model.address import Address
    from mesh_dagster.products.discovering.graph import changed_columns, graph_of
    from mesh_dagster.registry.impact import impact as found

    before, after = side(old), side(new)
    columns = changed_columns(diff(before.contract, after.contract))
    if columns == ():
        return None
    port = Address.parse(before.contract.id)
    if port.major is None:
        port = mesh.resolve(port)
    with graph_of(mesh) as graph:
        return found(graph, port.path, columns)


def _show(found: Impact) -> None:
    what = found.port if found.columns is None else f"{found.port}.{','.join(found.columns)}"
    if not found.affected:
        emit(f"nothing downstream is made of {what}")
        return
    emit_styled(render(_COLUMNS, [_row(each) for each in found.affected]).text)
    sure = [each for each in found.affected if each.certain]
    teams = {each.node.team or each.node.domain for each in found.affected}
    domains = {each.node.domain for each in found.affected}
    asking = sum(each.declares_only for each in found.affected)
    perhaps = len(found.affected) - len(sure) - asking
    say(
        f"{_count(len(found.affected), 'product')} of {_count(len(domains), 'domain')} would break "
        f"with {what}; {_count(len(teams), 'team')} to talk to"
    )
    if perhaps:
        say(f"{perhaps} of them only perhaps: nobody knows which columns they are made of")
    if asking:
        say(f"{asking} of them only where it goes away: they declare it and make nothing of it")
    if not found.whole:
        say(f"only the first {found.edges:,} edges were followed: more would break than is listed")


def _row(each: Affected) -> tuple[object, ...]:
    return (
        each.depth,
        each.node.path,
        ", ".join(_breaks(each)),
        each.node.team or "-",
        each.node.stage or "-",
        each.node.slo or "-",
    )


def _breaks(each: Affected) -> Iterator[str]:
    names = [touch for touch in each.touched if touch.column]
    for touch in names[:_LISTED]:
        port = touch.port.removeprefix(each.node.path).strip("/")
        name = f"{port}.{touch.column}" if port else touch.column
        yield name if touch.certain else f"{name}?"
    if len(names) > _LISTED:
        yield f"{len(names) - _LISTED} more columns"
    rows = [touch for touch in each.touched if not touch.column]
    if each.declares_only:
        yield "its run, which asks for it"
    elif rows:
        certain = any(touch.certain for touch in rows)
        yield "which rows there are" if certain else "all of it, perhaps"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
