"""Who grants access, as everybody is told it.

Apart from what the journal knows: it is shown by commands that want to be quick.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mesh_dagster.model.discovery import Access
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.products.granting.guarding import readers_of


def access_of(loaded: LoadedProduct) -> Access:
    """Whom to ask: the channels of the descriptor, its owners, else the domain's contact."""
    product = loaded.product
    channels = (
        each.get("url") or each.get("channel") for each in _mappings(product.rest, "support")
    )
    owners = (each.username for each in product.members if (each.role or "").lower() == "owner")
    ask = [str(each) for each in (*channels, *owners) if each]
    roles = [
        str(each["role"])
        for contract in loaded.contracts.values()
        for each in _mappings(contract.rest, "roles")
        if each.get("role")
    ]
    return Access(
        team=product.team or loaded.domain.team,
        ask=tuple(dict.fromkeys(ask))
        or ((loaded.domain.contact,) if loaded.domain.contact else ()),
        roles=tuple(dict.fromkeys(roles)),
        ports={port: readers_of(product, contract) for port, contract in loaded.contracts.items()},
    )


def _mappings(rest: Mapping[str, Any], name: str) -> Iterator[Mapping[str, Any]]:
    stated = rest.get(name)
    yield from (each for each in stated or () if isinstance(each, Mapping))
