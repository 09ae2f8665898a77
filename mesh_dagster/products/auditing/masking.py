"""Staging the port `masked`: made of what was staged for the first port, in the same attempt.

It is audited with it and becomes visible with it, by the same swap. Whoever lets go what had
waited in quarantine has it made anew: its masks are those of then.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import sha256

from mesh_dagster.access.masks import masked_frame
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.mask import BUILD, MASKED, MaskKind, masks_of
from mesh_dagster.model.snapshot import Publication, Staged
from mesh_dagster.ports.masks import masks_in
from mesh_dagster.ports.stage import scan_staged, stage
from mesh_dagster.products.auditing.layout import port_layout
from mesh_dagster.products.auditing.mask_key import mask_key
from mesh_dagster.products.mesh import Mesh


def with_masked(
    mesh: Mesh,
    loaded: LoadedProduct,
    staged: Iterable[Staged],
    partitions: Sequence[str] | None,
    recorded_at: datetime,
) -> dict[str, Staged]:
    """What an attempt staged, by port, with the port `masked` made of the first one.

    Raises `EvaluationError` where there is no key for hashes, and what staging raises.
    """
    by_port = {each.port or "": each for each in staged}
    made = {port: each for port, each in by_port.items() if port in loaded.contracts}
    if not loaded.masks:
        return made
    product, first = loaded.product.address, made[""]
    hashes = any(each.kind is MaskKind.HASH for each in loaded.masks.values())
    frame = masked_frame(
        scan_staged(mesh.storage, product, first),
        [each.column for each in loaded.contracts[""].table.properties],
        loaded.masks,
        mask_key(mesh.config) if hashes else b"",
    )
    made[MASKED] = stage(
        mesh.storage,
        product,
        port_layout(loaded, MASKED),
        frame,
        attempt=first.attempt,
        partitions=partitions,
        recorded_at=recorded_at,
    )
    return made


def made_by_transform(loaded: LoadedProduct, staged: Sequence[Staged]) -> tuple[Staged, ...]:
    """Without what was derived, now or by masks that there are no more."""
    own = {each.address.port for each in loaded.made}
    return tuple(each for each in staged if each.port in own or each.port != MASKED)


def published_versions(loaded: LoadedProduct) -> dict[str, str]:
    """The version of each port's contract, as a publication keeps it.

    That of the port `masked` says with which masks, as semantic versioning has it of builds: what
    was published with others is no part of it any more.
    """
    versions = {port: each.version for port, each in loaded.contracts.items()}
    if loaded.masks:
        told = sorted((column, str(mask)) for column, mask in loaded.masks.items())
        versions[MASKED] += f"+{BUILD}{sha256(repr(told).encode()).hexdigest()[:8]}"
    return versions


def is_shown(loaded: LoadedProduct, port: str, state: Publication) -> bool:
    """Whether what a publication holds of a port is what the port shows: it had the same masks."""
    there = port in state.ports
    if not loaded.derives(port):
        return there
    return there and masks_in(state, port) == masks_of(published_versions(loaded)[port])
