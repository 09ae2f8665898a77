"""What a contract promises, as rules, and what an audit of data says of them.

What a team calls from its own code, as `docs/contracts/python.md` shows it; everything is imported
on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mesh_dagster.contracts.exchange.formats import export_contract as export_contract
    from mesh_dagster.contracts.exchange.formats import import_contract as import_contract
    from mesh_dagster.contracts.exchange.pandera.reading import contract_from as contract_from
    from mesh_dagster.contracts.exchange.pandera.schema import to_pandera as to_pandera
    from mesh_dagster.contracts.face import check as check
    from mesh_dagster.contracts.face import infer as infer
    from mesh_dagster.contracts.face import read_contract as read_contract

_FACE = {
    "check": "face",
    "contract_from": "exchange.pandera.reading",
    "export_contract": "exchange.formats",
    "import_contract": "exchange.formats",
    "infer": "face",
    "read_contract": "face",
    "to_pandera": "exchange.pandera.schema",
}


def __getattr__(name: str) -> Any:
    if name not in _FACE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_FACE[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_FACE])
