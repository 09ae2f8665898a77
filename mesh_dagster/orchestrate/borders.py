"""What a location may not hold: another domain's assets, or a wish for its private ones.

Dagster only warns when two locations have the same asset key, and takes the alphabetically first;
so a domain's keys are held to its own prefix when it loads (design rules 2 and 5).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set

import dagster as dg
from dagster._utils.warnings import suppress_dagster_warnings

from mesh_dagster.errors import AddressError, DescriptorError
from mesh_dagster.model.address import Address
from mesh_dagster.model.domain import Domain
from mesh_dagster.model.finding import Finding
from mesh_dagster.orchestrate.labels import PRIVATE


@suppress_dagster_warnings
def internal(defs: dg.Definitions, public: Set[str]) -> dg.Definitions:
    """Mark what a domain has beside its products as its own business."""

    def marked(spec: dg.AssetSpec) -> dg.AssetSpec:
        is_port = "/".join(spec.key.path) in public
        return spec if is_port else spec.merge_attributes(tags=PRIVATE)

    return defs.map_asset_specs(func=marked)


def check_borders(
    domain: Domain, public: Set[str], inputs: Iterable[Address], others: dg.Definitions
) -> None:
    """Hold what a domain has beside its products to its borders; products cannot leave them.

    `public` are the paths of its output ports, `inputs` what its products declare to read.
    Raises `DescriptorError` with a finding for every key that crosses.
    """
    declared = {address.path for address in inputs}
    own = (key for key in _own_keys(others) if "/".join(key.path) not in public)
    findings = [
        *_of_keys(domain, own),
        *_of_references(domain, declared, others),
    ]
    if findings:
        raise DescriptorError(list(dict.fromkeys(findings)))


def _of_keys(domain: Domain, keys: Iterable[dg.AssetKey]) -> Iterator[Finding]:
    for key in keys:
        path = "/".join(key.path)
        if key.path[0] != domain.name:
            yield Finding(
                "MESH-M050",
                f"the asset key {path!r} does not begin with the domain's name",
                subject=domain.name,
                where=str(domain.folder / "defs"),
                fix=f"key_prefix={domain.name!r} (the key is then {domain.name}/{path})",
            )
        elif _address(path) is not None:
            yield Finding(
                "MESH-M051",
                f"the asset key {path!r} is that of an output port, and no product serves it",
                subject=domain.name,
                where=str(domain.folder / "defs"),
                fix=f"dg scaffold defs mesh_dagster.DataProduct {key.path[1]}, "
                "or a key without a version: internal assets are private",
            )


def _of_references(domain: Domain, declared: set[str], others: dg.Definitions) -> Iterator[Finding]:
    for asset, target in _references(others):
        path = "/".join(target.path)
        if target.path[0] == domain.name or path in declared:
            continue
        public = _address(path) is not None
        yield Finding(
            "MESH-M052",
            f"{'/'.join(asset.path)} depends on {path}, "
            + (
                "which no product of the domain declares as an input port"
                if public
                else f"which is private to the domain {target.path[0]}: it is no output port"
            ),
            subject=domain.name,
            where=str(domain.folder / "defs"),
            fix="add it to `inputPorts` in the product.odps.yaml that it is for"
            if public
            else f"read an output port instead: mesh products --domain {target.path[0]}",
        )


def _own_keys(defs: dg.Definitions) -> Iterator[dg.AssetKey]:
    for asset in defs.assets or ():
        if isinstance(asset, dg.AssetsDefinition | dg.AssetChecksDefinition):
            yield from asset.keys
        elif isinstance(asset, dg.AssetSpec | dg.SourceAsset):
            yield asset.key
    for checks in defs.asset_checks or ():
        yield from {key.asset_key for key in checks.check_keys}


def _references(defs: dg.Definitions) -> Iterator[tuple[dg.AssetKey, dg.AssetKey]]:
    for asset in defs.assets or ():
        specs: list[dg.AssetSpec] = []
        if isinstance(asset, dg.AssetsDefinition):
            specs.extend(asset.specs)
        elif isinstance(asset, dg.AssetSpec):
            specs.append(asset)
        for spec in specs:
            yield from ((spec.key, dep.asset_key) for dep in spec.deps)


def _address(path: str) -> Address | None:
    """The output port that a key is the address of, if it is one."""
    try:
        address = Address.parse(path)
    except AddressError:
        return None
    return address if address.major is not None else None
