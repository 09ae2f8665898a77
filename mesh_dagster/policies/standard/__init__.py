"""The policies that come with the mesh: `policies: {sets: [standard]}` in mesh.yaml."""

from __future__ import annotations

from mesh_dagster.policies.sets import PolicySet
from mesh_dagster.policies.standard.archetypes import SourceAlignedReadsSources
from mesh_dagster.policies.standard.descriptions import ColumnsDescribed

STANDARD = PolicySet("standard", "1", (SourceAlignedReadsSources, ColumnsDescribed))
