"""How grave a violation is through the life of a product. Alpha is hardly governed: whoever tries
something out is not asked for what only its readers would miss."""

from __future__ import annotations

from mesh_dagster.model.finding import Severity
from mesh_dagster.model.product import Stage
from mesh_dagster.policies.policy import Severities, since

ADVISED: Severities = since(Stage.BETA, Severity.WARNING)
"""Good to have wherever others read."""

WANTED: Severities = {
    **since(Stage.BETA, Severity.WARNING),
    Stage.STABLE: Severity.ERROR,
}
"""Told in beta, so that there is time, and wanted of what everybody builds upon. What is to go
away is not mended any more."""

NEEDED: Severities = since(Stage.BETA)
"""Nothing leaves its domain without it."""

GUARDED: Severities = since(Stage.BETA, before=Severity.WARNING)
"""The same; and who only tries something out is told."""

ALWAYS: Severities = since(Stage.DRAFT)
"""Law: it holds for a first try as well."""
