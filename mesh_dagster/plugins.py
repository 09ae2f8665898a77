"""The doors through which other packages extend the mesh.

A door is an entry-point group, `mesh_dagster.<door>`; what comes in is named by a string and
imported when it is asked for. What the package brings itself comes in through the same doors,
so a door that works for us works for everyone.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

from mesh_dagster.errors import MissingExtra, UsageError

BUILT_IN: dict[str, dict[str, str]] = {
    "storages": {
        "file": "mesh_dagster.ports.folder:FolderStorage",
        "s3": "mesh_dagster.aws.s3:S3Storage",
    },
    "notifiers": {
        "log": "mesh_dagster.alerts.log:LogNotifier",
        "webhook": "mesh_dagster.alerts.webhook:WebhookNotifier",
        "smtp": "mesh_dagster.alerts.mail:SmtpNotifier",
        "sns": "mesh_dagster.aws.sns:SnsNotifier",
    },
    "lineage_sinks": {
        "http": "mesh_dagster.lineage.sinks.http:HttpSink",
        "file": "mesh_dagster.lineage.sinks.file:FileSink",
        "console": "mesh_dagster.lineage.sinks.console:ConsoleSink",
    },
    "policies": {
        "standard": "mesh_dagster.policies.standard:STANDARD",
    },
    "score_dimensions": {
        "discoverable": "mesh_dagster.scoring.discoverable:DISCOVERABLE",
        "addressable": "mesh_dagster.scoring.addressable:ADDRESSABLE",
        "trustworthy": "mesh_dagster.scoring.trustworthy:TRUSTWORTHY",
        "self-describing": "mesh_dagster.scoring.self_describing:SELF_DESCRIBING",
        "interoperable": "mesh_dagster.scoring.interoperable:INTEROPERABLE",
        "secure": "mesh_dagster.scoring.secure:SECURE",
    },
    "identities": {
        "os": "mesh_dagster.reviews.identity:of_system",
        "environment": "mesh_dagster.reviews.identity:of_environment",
        "aws": "mesh_dagster.aws.identity:of_caller",
    },
}
"""Door -> name -> `module:attribute`, for what the package brings itself."""

EXTRAS = {"boto3": "aws", "dbt": "dbt", "dagster_dbt": "dbt", "psycopg": "postgres"}
"""Third-party module -> the extra that installs it."""


def behind(door: str) -> dict[str, str]:
    """Every name behind a door, with where it is imported from. A built-in name wins."""
    return installed(door) | BUILT_IN.get(door, {})


@cache
def installed(door: str) -> dict[str, str]:
    """What other packages bring through a door: name -> `module:attribute`."""
    from importlib.metadata import entry_points  # 20 ms that a built-in name does not need

    return {entry.name: entry.value for entry in entry_points(group=f"mesh_dagster.{door}")}


def load(door: str, name: str) -> Any:
    """Import what stands behind a door under a name.

    Raises `UsageError` for an unknown name and `MissingExtra` when what it needs is not
    installed.
    """
    names = BUILT_IN.get(door, {})
    if name not in names:
        names = behind(door)
    if name not in names:
        raise UsageError(
            f"nothing named {name!r} comes in by the door `{door}`; there are: "
            + (", ".join(sorted(names)) or "none"),
            fix=f"install the package that has an entry point in `mesh_dagster.{door}`",
        )
    module, _, attribute = names[name].partition(":")
    try:
        return getattr(import_module(module), attribute)
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing in EXTRAS:
            raise MissingExtra(f"{door} `{name}`", EXTRAS[missing]) from error
        raise
