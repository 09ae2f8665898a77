"""The domain's own ledger, in SQLite or PostgreSQL.

It records attempts, audits, decisions and publications. It is the memory of the domain and
never the gate: what is published is what storage's pointer names, and a lost journal is rebuilt
from it. Names are imported on first use: a listing needs no SQLAlchemy.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mesh_dagster.journal.journal import Journal, open_journal
    from mesh_dagster.journal.listing import glance
    from mesh_dagster.journal.queries import Quarantined, Revision
    from mesh_dagster.journal.summary import Summary

__all__ = ["Journal", "Quarantined", "Revision", "Summary", "glance", "open_journal"]

_HOMES = {
    "Journal": "journal",
    "Quarantined": "queries",
    "Revision": "queries",
    "Summary": "summary",
    "glance": "listing",
    "open_journal": "journal",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
