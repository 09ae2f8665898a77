"""A data mesh on Dagster: the public face. Everything is imported on first use."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_FACE = {
    "Address": "mesh_dagster.model.address",
    "Archetype": "mesh_dagster.model.product",
    "Contract": "mesh_dagster.model.contract",
    "DataProduct": "mesh_dagster.orchestrate.component",
    "Finding": "mesh_dagster.model.finding",
    "Mesh": "mesh_dagster.products.mesh",
    "MeshError": "mesh_dagster.errors",
    "Product": "mesh_dagster.model.product",
    "Window": "mesh_dagster.products.making.transform",
    "domain_definitions": "mesh_dagster.orchestrate.domain",
    "query": "mesh_dagster.products.reading.query",
    "read": "mesh_dagster.products.reading.read",
}

__all__ = [*_FACE]  # noqa: PLE0604 (its keys are texts)


def __getattr__(name: str) -> Any:
    if name not in _FACE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_FACE[name]), name)


def __dir__() -> list[str]:
    return __all__
