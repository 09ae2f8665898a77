"""`mesh registry`: what domains tell the mesh, and the index that is made of it."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

import click

from mesh_dagster.cli.output import as_json, emit, emit_json, say
from mesh_dagster.cli.target import open_mesh
from mesh_dagster.errors import UsageError
from mesh_dagster.model.finding import Severity

if TYPE_CHECKING:
    from mesh_dagster.model.domain import Domain
    from mesh_dagster.products.mesh import Mesh


@click.group()
def registry() -> None:
    """What domains tell of their products, and the index of it."""


@registry.command()
def schema() -> None:
    """Print the JSON Schema of discovery documents."""
    text = files("mesh_dagster.registry").joinpath("discovery.schema.json")
    emit(text.read_text(encoding="utf-8").rstrip("\n"))


@registry.command()
@click.argument("domain", required=False)
def write(domain: str | None) -> None:
    """Write the discovery documents of the domains of this checkout now.

    A loaded location and every run do so by themselves. Here all of it is described again, and
    example queries whose results are old are run.
    """
    from mesh_dagster.products.telling.describe import tell_domain
    from mesh_dagster.products.telling.published import refuse_breaking

    mesh = open_mesh()
    for each in _domains(mesh, domain):
        loaded = [
            mesh.load(product.address)
            for product in mesh.own()
            if product.address.domain == each.name
        ]
        refuse_breaking(mesh, loaded)
        written = tell_domain(mesh, each, loaded)
        products = f"{len(loaded)} product" + ("" if len(loaded) == 1 else "s")
        say(f"{each.name}: {products}, {'written' if written else 'nothing new'}")


@registry.command()
@click.option("--anew", is_flag=True, help="Build it from nothing.")
@as_json
def index(anew: bool, as_json: bool) -> int:
    """Bring the index up to date, and tell what is wrong with documents.

    `mesh search` does so by itself. The exit code is 1 if there is an error in a document.
    """
    from mesh_dagster.products.discovering.finding import contents, index_of

    with index_of(open_mesh(), anew=anew) as found:
        domains, products = found.ask(contents)
        findings = found.findings
    if as_json:
        emit_json({"domains": domains, "products": products, "findings": findings})
    else:
        for each in findings:
            emit(str(each))
        say(f"{products:,} products of {domains:,} domains, {len(findings)} findings")
    return int(any(each.severity is Severity.ERROR for each in findings))


def _domains(mesh: Mesh, name: str | None) -> tuple[Domain, ...]:
    found = tuple(each for each in mesh.domains if name in (None, each.name))
    if not found:
        known = ", ".join(mesh.domain_names) or "none"
        raise UsageError(f"the files of the domain {name!r:.80} are not here; there are: {known}")
    return found
