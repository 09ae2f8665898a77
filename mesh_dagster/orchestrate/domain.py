"""One call makes a domain's code location: `defs = domain_definitions(__file__)`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import dagster as dg
from dagster._utils.warnings import suppress_dagster_warnings

from mesh_dagster.descriptors.cache import collecting_later
from mesh_dagster.descriptors.domain import read_domain
from mesh_dagster.descriptors.product import load_products
from mesh_dagster.model.domain import Domain, LoadedProduct
from mesh_dagster.orchestrate.alerts import alerts_sensor
from mesh_dagster.orchestrate.automation import automation_sensor
from mesh_dagster.orchestrate.borders import check_borders, internal
from mesh_dagster.orchestrate.folders import find_folders
from mesh_dagster.orchestrate.lineage import lineage_sensor
from mesh_dagster.orchestrate.product import product_definitions
from mesh_dagster.orchestrate.publications import publications_sensor
from mesh_dagster.orchestrate.retired import apart
from mesh_dagster.orchestrate.review_job import review_job
from mesh_dagster.orchestrate.reviews import reviews_sensor
from mesh_dagster.orchestrate.service_levels import slo_sensor
from mesh_dagster.orchestrate.upstreams import Upstreams
from mesh_dagster.products.governing.loading import refuse_ungoverned
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.products.telling.published import refuse_breaking


@collecting_later()
def domain_definitions(definitions_file: str | Path) -> dg.Definitions:
    """Everything of a domain for Dagster, from the folder that holds its definitions.py.

    Products are read in one pass; folders of other component types, and Python files, go to dg's
    own loader. Raises `DescriptorError` with every finding of every product, so that the page of
    a location that does not load names the files and lines; other locations are not touched.
    """
    folder = Path(definitions_file).resolve().parent
    mesh = Mesh.open(folder)
    domain = read_domain(folder)
    found = find_folders(folder / "defs")
    folders = [*found.products, *found.products_of_dg]
    every = load_products(folders, domain, mesh.config.masks)
    refuse_breaking(mesh, every)
    refuse_ungoverned(mesh, domain, every)
    upstreams = Upstreams(mesh, every)
    return dg.Definitions.merge(
        product_definitions(mesh, every[: len(found.products)], upstreams),
        _others(domain, every, upstreams, folder, found.others),
        domain_wide(mesh, domain, apart(every)[0], upstreams),
    )


@suppress_dagster_warnings
def domain_wide(
    mesh: Mesh, domain: Domain, products: Sequence[LoadedProduct], upstreams: Upstreams
) -> dg.Definitions:
    """What a domain has once: its sensors, the external assets it sees, and its executor.

    A run of a product is one process: another for each of its steps costs seconds to start.
    """
    read = {each for loaded in products for each in upstreams.inputs(loaded).values()}
    referred = {each for loaded in products for each in upstreams.references(loaded)}
    foreign = sorted(each for each in read | referred if each.domain != domain.name)
    known = [each for each in foreign if upstreams.described(each) is not None]
    unknown = [each for each in foreign if upstreams.described(each) is None]
    return dg.Definitions(
        assets=[upstreams.spec(address) for address in foreign],
        sensors=[
            automation_sensor(),
            publications_sensor(mesh, products, known, unknown),
            slo_sensor(mesh, domain, products),
            alerts_sensor(mesh, domain),
            lineage_sensor(mesh, domain),
            reviews_sensor(mesh, domain, products),
        ],
        jobs=[review_job(mesh, domain, products)],
        executor=dg.in_process_executor,
    )


def _others(
    domain: Domain,
    products: Sequence[LoadedProduct],
    upstreams: Upstreams,
    folder: Path,
    paths: Sequence[Path],
) -> dg.Definitions:
    """What the domain has beside its products; without any, dg's loader is not asked."""
    if not paths:
        return dg.Definitions()
    from mesh_dagster.orchestrate.others import load_others

    others = load_others(folder, paths)
    public = {output.address.path for loaded in products for output in loaded.product.outputs}
    declared = [each for loaded in products for each in upstreams.inputs(loaded).values()]
    check_borders(domain, public, declared, others)
    return internal(others, public)
