"""What policies have against a domain when its location loads."""

from __future__ import annotations

from collections.abc import Sequence
from logging import getLogger

from mesh_dagster.descriptors.source import refuse
from mesh_dagster.model.domain import Domain, LoadedProduct
from mesh_dagster.model.finding import Severity
from mesh_dagster.model.policy import Moment
from mesh_dagster.products.governing.judging import judgements
from mesh_dagster.products.mesh import Mesh


def refuse_ungoverned(mesh: Mesh, domain: Domain, products: Sequence[LoadedProduct]) -> None:
    """Raise `DescriptorError` if an enforced policy keeps a domain from loading; log the rest.

    No storage is asked, and nothing is imported where neither mesh nor domain has policies.
    """
    governed = mesh.governed(domain.name)
    if governed is None:
        return
    judged = list(judgements(mesh, products, Moment.LOAD))
    standing = [each.finding for each in judged if each.stands]
    found = [*governed.findings, *standing]
    if any(each.severity is Severity.ERROR for each in found):
        from mesh_dagster.products.governing.ledger import note_refused

        note_refused(mesh, domain.name, judged)
        refuse([each for each in found if each.severity is Severity.ERROR])
    for each in found:
        getLogger("mesh_dagster").warning("%s", each)
