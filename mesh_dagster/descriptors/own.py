"""What the mesh's own files (mesh.yaml, domain.yaml) have in common.

They may have been written for a newer release (design rule 9): an unknown key is only told, a
newer schema version is refused in words.
"""

from __future__ import annotations

from mesh_dagster.descriptors.source import Map, Source, shown

SCHEMA_VERSION = 1


def check_schema_version(data: Map, source: Source) -> None:
    """Report a schemaVersion that this release does not know."""
    version = data.get("schemaVersion", SCHEMA_VERSION)
    if version == SCHEMA_VERSION:
        return
    line = data.line_of("schemaVersion")
    if version > SCHEMA_VERSION:
        message = f"`schemaVersion` is {version}, newer than the {SCHEMA_VERSION} read here"
        source.report("MESH-D012", message, line, fix="pip install -U mesh-dagster")
    else:
        message = f"`schemaVersion` is {shown(version)}, expected {SCHEMA_VERSION}"
        source.report("MESH-D011", message, line, fix=f"schemaVersion: {SCHEMA_VERSION}")
