"""What the contract of a product's port asks of its data, as the gate asks it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from mesh_dagster.contracts.rules.compile import needed_elsewhere, rules
from mesh_dagster.contracts.rules.kinds import Freshness, Retention, Rule, Unsupported
from mesh_dagster.contracts.rules.service_levels import RETENTION
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.finding import Severity


def rules_of(loaded: LoadedProduct, port: str, *, staged: bool = True) -> tuple[Rule, ...]:
    """The rules that the contract of a port compiles to, those on time as warnings.

    Late data that is withheld gets later still, so no service level keeps it from being
    published. Of `staged` partitions the newest only is asked to be fresh.
    """
    partitioning = loaded.wiring.partitioning
    found = rules(
        loaded.contracts[port],
        partition_column=partitioning.column if partitioning else None,
    )
    return as_asked(found, staged=staged)


def asks_elsewhere(loaded: LoadedProduct) -> bool:
    """Whether what an audit says of some partitions depends on the others."""
    return any(needed_elsewhere(rules_of(loaded, port)) for port in loaded.contracts)


def as_asked(found: Iterable[Rule], *, staged: bool = True) -> tuple[Rule, ...]:
    """The rules of a contract as a product is asked to keep them.

    A retention that names no element is none on rows: it is for how long the publications of
    the product can be read, and `ports.retention` keeps it.
    """
    return tuple(_asked(found, staged=staged))


def _asked(found: Iterable[Rule], *, staged: bool) -> Iterator[Rule]:
    for rule in found:
        match rule:
            case Freshness():
                yield replace(rule, severity=Severity.WARNING, newest_only=staged)
            case Retention() | Unsupported() if rule.id == RETENTION:
                pass
            case Retention():
                yield replace(rule, severity=Severity.WARNING)
            case _:
                yield rule
