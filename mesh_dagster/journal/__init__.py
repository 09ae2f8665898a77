"""The domain's own ledger, in SQLite or PostgreSQL.

It records attempts, audits, decisions and publications. It is the memory of the domain and
never the gate: what is published is what storage's pointer names, and a lost journal is rebuilt
from it.
"""

from mesh_dagster.journal.ledger import Journal, open_journal
from mesh_dagster.journal.queries import Quarantined, Revision
from mesh_dagster.journal.summary import Summary

__all__ = ["Journal", "Quarantined", "Revision", "Summary", "open_journal"]
