"""Scores in Dagster: metadata of the asset as of its load, and an observation when one changed.

Nothing is scored where a location loads: what the domain's document tells is shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import dagster as dg

from mesh_dagster.errors import MeshError
from mesh_dagster.model.score import ScoreTold
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.registry.documents import document_of
from mesh_dagster.registry.entries import score_in


def told_scores(mesh: Mesh, domain: str) -> dict[str, ScoreTold]:
    """By product what a domain tells that it scores; of none where that cannot be asked."""
    with suppress(MeshError):
        entries = document_of(mesh.documents, domain).entries
        found = {path: score_in(entry) for path, entry in entries.items()}
        return {path: score for path, score in found.items() if score is not None}
    return {}


def score_metadata(score: ScoreTold | None) -> dict[str, Any]:
    """The numbers of a score: what is a number Dagster plots."""
    if score is None:
        return {}
    each = {f"mesh/score_{name.replace('-', '_')}": n for name, n in score.dimensions.items()}
    return {"mesh/score": score.overall, "mesh/score_rules": score.rules, **each}


def observe_scores(
    instance: dg.DagsterInstance, scores: Mapping[str, ScoreTold], ports: Mapping[str, str]
) -> None:
    """Tell an instance of scores that changed, each of the first port of its product."""
    for path, score in scores.items():
        if path in ports:
            seen = dg.AssetObservation(
                dg.AssetKey(ports[path].split("/")),
                description=f"its score is {score.overall} of 100",
                metadata=score_metadata(score),
            )
            instance.report_runless_asset_event(seen)
