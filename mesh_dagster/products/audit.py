"""Auditing staged and published data against the contract of each port.

The rules are the contract's; what they need besides the data itself comes from here: the rest
of the port, for keys that span partitions, and the ports that foreign keys point to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from mesh_dagster.contracts.audit import audit
from mesh_dagster.contracts.rules import Reference, Rule, rules
from mesh_dagster.errors import MeshError
from mesh_dagster.model.address import Address
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.finding import RuleResult
from mesh_dagster.model.snapshot import Staged
from mesh_dagster.ports import coverage, pointer
from mesh_dagster.ports.open import open_port
from mesh_dagster.ports.stage import scan_staged
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.products.read import open_published

if TYPE_CHECKING:
    import polars as pl


def audit_staged(
    mesh: Mesh,
    loaded: LoadedProduct,
    staged: Mapping[str, Staged],
    partitions: Sequence[str] | None,
) -> tuple[RuleResult, ...]:
    """What every rule says of what an attempt staged, for each port and partition."""
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
            published=_rest_of_port(mesh, loaded, port, partitions),
        )
    )


def audit_published(
    mesh: Mesh, loaded: LoadedProduct, partitions: Sequence[str] | None = None
) -> tuple[RuleResult, ...]:
    """What every rule says of the data that is published now, all of it or some partitions.

    Raises `NeverPublished` when there is none.
    """
    results: list[RuleResult] = []
    for port in loaded.contracts:
        address = loaded.product.address.with_port(port or None)
        data = open_published(mesh, address, partitions=partitions)
        keys = partitions
        if loaded.wiring.partitioning is not None and partitions is None:
            keys = sorted(coverage.partitions(mesh.storage, address, data.publication))
        rest = _rest_of_port(mesh, loaded, port, keys)
        results += _audit(mesh, loaded, port, data.polars(), keys, published=rest)
    return tuple(results)


def rules_of(loaded: LoadedProduct, port: str) -> tuple[Rule, ...]:
    """The rules that the contract of a port compiles to."""
    partitioning = loaded.wiring.partitioning
    return rules(
        loaded.contracts[port],
        partition_column=partitioning.column if partitioning else None,
    )


def references_of(mesh: Mesh, checked: Sequence[Rule]) -> dict[str, pl.LazyFrame | str]:
    """For each foreign key, the values its target holds, or why they cannot be had.

    It is a declared read too, for this check only (design rule 4).
    """
    foreign = [rule for rule in checked if isinstance(rule, Reference) and rule.target]
    return {rule.id: _target(mesh, rule) for rule in foreign}


def _audit(
    mesh: Mesh,
    loaded: LoadedProduct,
    port: str,
    data: pl.LazyFrame,
    partitions: Sequence[str] | None,
    *,
    published: pl.LazyFrame | None,
) -> tuple[RuleResult, ...]:
    checked = rules_of(loaded, port)
    return audit(
        checked,
        data,
        partitioning=loaded.wiring.partitioning,
        partitions=partitions,
        published=published,
        references=references_of(mesh, checked),
        port=port or None,
    )


def _target(mesh: Mesh, rule: Reference) -> pl.LazyFrame | str:
    try:
        address = mesh.resolve(Address.parse(rule.target or ""))
        return open_published(mesh, address).polars(columns=rule.target_columns)
    except MeshError as error:
        return error.what


def _rest_of_port(
    mesh: Mesh, loaded: LoadedProduct, port: str, partitions: Sequence[str] | None
) -> pl.LazyFrame | None:
    """The published rows of the other partitions; None where there are none."""
    current = pointer.current(mesh.storage, loaded.product.address)
    if current is None or partitions is None:
        return None
    others = sorted(
        coverage.partitions(mesh.storage, loaded.product.address, current) - set(partitions)
    )
    if not others:
        return None
    return open_port(
        mesh.storage, loaded.product.address, port or None, current, partitions=others
    ).polars()
