"""Auditing staged and published data against the contract of each port.

The rules are the contract's; what they need besides the data itself comes from here: the rest
of the port, for keys that span partitions, and the ports that foreign keys point to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from mesh_dagster.contracts.audit.owned.answers import Around
from mesh_dagster.contracts.audit.run import audit
from mesh_dagster.contracts.rules.kinds import Reference, Rule
from mesh_dagster.errors import MeshError, NeverPublished
from mesh_dagster.model.address import Address
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.finding import RuleResult
from mesh_dagster.model.snapshot import Publication, Staged
from mesh_dagster.ports import coverage
from mesh_dagster.ports.stage import scan_staged
from mesh_dagster.products.auditing.due import Due, due
from mesh_dagster.products.auditing.history import history_of
from mesh_dagster.products.auditing.masking import is_shown
from mesh_dagster.products.auditing.promises import rules_of
from mesh_dagster.products.auditing.rest import rest_of_port
from mesh_dagster.products.auditing.waivers import waivers_of
from mesh_dagster.products.granting.admission import Seen, admit
from mesh_dagster.products.granting.objecting import Wanted
from mesh_dagster.products.granting.who import of_domain
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.products.reading.read import open_published, publication_at

if TYPE_CHECKING:
    import polars as pl


def audit_staged(
    mesh: Mesh,
    loaded: LoadedProduct,
    staged: Mapping[str, Staged],
    partitions: Sequence[str] | None,
    state: Publication | None,
) -> tuple[RuleResult, ...]:
    """What every rule says of what an attempt staged, for each port and partition.

    `state` is the publication that it is to be put on top of. A rule with a schedule that is
    not due says what it said last.
    """
    product = loaded.product.address
    return tuple(
        result
        for port, files in staged.items()
        for result in _audit(
            mesh,
            loaded,
            port,
            scan_staged(mesh.storage, product, files),
            partitions,
            state=state,
            staged=True,
            at_gate=True,
        )
    )


def audit_published(
    mesh: Mesh, loaded: LoadedProduct, partitions: Sequence[str] | None = None
) -> tuple[RuleResult, ...]:
    """What every rule says of the data that is published now, all of it or some partitions.

    Raises `NeverPublished` when there is none.
    """
    product = loaded.product.address
    state = publication_at(mesh, product)
    keys = None
    if loaded.wiring.partitioning is not None:
        held = coverage.partitions(mesh.storage, product, state)
        keys = sorted(held if partitions is None else partitions)
        if missing := [key for key in keys if key not in held]:
            raise NeverPublished(
                f"{product.path} has not published {', '.join(missing)}",
                fix=f"mesh run {product.path} --partition {missing[0]}",
            )
    results: list[RuleResult] = []
    for port in loaded.contracts:
        if loaded.derives(port) and not is_shown(loaded, port, state):
            continue  # its masks came after what is published
        address = product.with_port(port or None)
        data = open_published(mesh, address, publication=state, partitions=partitions)
        staged = partitions is not None
        results += _audit(mesh, loaded, port, data.polars(), keys, state=state, staged=staged)
    with mesh.journal(product.domain) as journal:
        waivers = waivers_of(journal, loaded)
    return tuple(each for one in results for each in waivers.marked([one], one.partition))


def references_of(
    mesh: Mesh, checked: Sequence[Rule], domain: str
) -> dict[str, pl.LazyFrame | str]:
    """For each foreign key, the values its target holds, or why they cannot be had.

    It is a declared read too, of the domain, for this check only (design rule 4).
    """
    foreign = [rule for rule in checked if isinstance(rule, Reference) and rule.target]
    return {rule.id: _target(mesh, rule, domain) for rule in foreign}


def _audit(
    mesh: Mesh,
    loaded: LoadedProduct,
    port: str,
    data: pl.LazyFrame,
    partitions: Sequence[str] | None,
    *,
    state: Publication | None,
    staged: bool,
    at_gate: bool = False,
) -> tuple[RuleResult, ...]:
    """`staged`: some partitions, of which not all are asked to be fresh, as at the gate."""
    if state is not None and loaded.derives(port) and not is_shown(loaded, port, state):
        state = None
    checked = rules_of(loaded, port, staged=staged)
    asked = due(mesh, loaded, port, checked) if at_gate else Due(checked, {})
    results = audit(
        asked.now,
        data,
        partitioning=loaded.wiring.partitioning,
        partitions=partitions,
        published=rest_of_port(mesh, loaded, port, partitions, state=state, staged=data),
        references=references_of(mesh, checked, loaded.product.address.domain),
        history=history_of(mesh, loaded, port, state, published=not staged),
        around=Around(code=loaded.folder),
        port=port or None,
    )
    return asked.completed(checked, results, partitions or (None,), port or None)


def _target(mesh: Mesh, rule: Reference, domain: str) -> pl.LazyFrame | str:
    try:
        address = mesh.resolve(Address.parse(rule.target or ""))
        columns = tuple(rule.target_columns)
        wanted = Wanted(columns={address: columns})
        admitted = admit(mesh, of_domain(domain), [address], "reference", wanted)
        data = admitted.narrowed(address, open_published(mesh, address))
        admitted.note([Seen(address, data.publication.number, columns)])
        return data.polars(columns=rule.target_columns)
    except MeshError as error:
        return error.what
