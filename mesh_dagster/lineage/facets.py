"""Facets of OpenLineage: which there are, in which version, and the envelope that each has."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from typing import Any

SPEC = "https://openlineage.io/spec"
EVENT = f"{SPEC}/2-0-2/OpenLineage.json#/$defs/RunEvent"
LONGEST = 4_000
"""Characters of a text that somebody wrote."""

Facets = dict[str, Any]

_KNOWN = {
    "catalog": "1-1-0/CatalogDatasetFacet",
    "columnLineage": "1-2-0/ColumnLineageDatasetFacet",
    "dataQualityAssertions": "1-1-0/DataQualityAssertionsDatasetFacet",
    "dataSource": "1-0-1/DatasourceDatasetFacet",
    "datasetType": "1-0-1/DatasetTypeDatasetFacet",
    "errorMessage": "1-0-1/ErrorMessageRunFacet",
    "jobType": "2-0-4/JobTypeJobFacet",
    "lifecycleStateChange": "1-0-1/LifecycleStateChangeDatasetFacet",
    "nominalTime": "1-0-1/NominalTimeRunFacet",
    "outputStatistics": "1-0-2/OutputStatisticsOutputDatasetFacet",
    "parent": "1-2-0/ParentRunFacet",
    "processing_engine": "1-1-1/ProcessingEngineRunFacet",
    "schema": "1-2-0/SchemaDatasetFacet",
    "sourceCodeLocation": "1-1-0/SourceCodeLocationJobFacet",
    "sql": "1-1-0/SQLJobFacet",
    "storage": "1-0-1/StorageDatasetFacet",
    "symlinks": "1-0-1/SymlinksDatasetFacet",
    "version": "1-0-1/DatasetVersionDatasetFacet",
}
_OF_JOB = {
    "documentation": "1-1-0/DocumentationJobFacet",
    "ownership": "1-0-1/OwnershipJobFacet",
    "tags": "1-0-0/TagsJobFacet",
}
_OF_RUN = {"tags": "1-0-0/TagsRunFacet"}
_OF_INPUT = {"subset": "1-0-0/BaseSubsetDatasetFacet#InputSubsetInputDatasetFacet"}
_OF_DATASET = {
    "documentation": "1-1-0/DocumentationDatasetFacet",
    "ownership": "1-0-1/OwnershipDatasetFacet",
    "tags": "1-0-0/TagsDatasetFacet",
}


def of_job(**contents: Mapping[str, Any] | None) -> Facets:
    """Facets of a job; those of which nothing is known are left out."""
    return _facets(_KNOWN | _OF_JOB, contents)


def of_run(**contents: Mapping[str, Any] | None) -> Facets:
    """The same of a run."""
    return _facets(_KNOWN | _OF_RUN, contents)


def of_dataset(**contents: Mapping[str, Any] | None) -> Facets:
    """The same of a dataset."""
    return _facets(_KNOWN | _OF_DATASET, contents)


def of_input(**contents: Mapping[str, Any] | None) -> Facets:
    """The same of a dataset as it was read."""
    return _facets(_KNOWN | _OF_INPUT, contents)


@cache
def release() -> str:
    """The version of this package."""
    return version("mesh-dagster")


def producer() -> str:
    """Who says so."""
    return f"urn:mesh-dagster:{release()}"


def short(text: str) -> str:
    """A text that somebody wrote, no longer than a backend may like."""
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _facets(known: Mapping[str, str], contents: Mapping[str, Mapping[str, Any] | None]) -> Facets:
    return {
        name: {"_producer": producer(), "_schemaURL": _schema(known[name]), **content}
        for name, content in contents.items()
        if content
    }


@cache
def _schema(stated: str) -> str:
    file, _, definition = stated.partition("#")
    return f"{SPEC}/facets/{file}.json#/$defs/{definition or file.partition('/')[2]}"
