"""The official client, synchronous: official.py URL FILE. Prints the seconds that emitting took.

It gets the same events, as objects of its own that are made before the time counts.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

from openlineage.client import OpenLineageClient
from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from openlineage.client.facet_v2 import data_quality_assertions_dataset as quality
from openlineage.client.facet_v2 import dataset_version_dataset as version
from openlineage.client.facet_v2 import (
    datasource_dataset,
    job_type_job,
    output_statistics_output_dataset,
    ownership_dataset,
    schema_dataset,
    storage_dataset,
    symlinks_dataset,
    tags_dataset,
)
from openlineage.client.transport.http import HttpConfig, HttpTransport


def main(url: str, file: Path) -> None:
    parts = urlsplit(url)
    config = HttpConfig(url=f"{parts.scheme}://{parts.netloc}", endpoint=parts.path.lstrip("/"))
    client = OpenLineageClient(transport=HttpTransport(config))
    events = [event_from(json.loads(line)) for line in file.read_bytes().splitlines()]
    started = time.perf_counter()
    for event in events:
        client.emit(event)
    print(time.perf_counter() - started)


def event_from(told: dict) -> RunEvent:
    job = told["job"]
    kind = job["facets"]["jobType"]
    facets = {
        "jobType": job_type_job.JobTypeJobFacet(
            processingType=kind["processingType"],
            integration=kind["integration"],
            jobType=kind["jobType"],
        )
    }
    return RunEvent(
        eventType=RunState[told["eventType"]],
        eventTime=told["eventTime"],
        run=Run(told["run"]["runId"]),
        job=Job(job["namespace"], job["name"], facets),
        inputs=[InputDataset(each["namespace"], each["name"]) for each in told["inputs"]],
        outputs=[output_from(each) for each in told["outputs"]],
        producer="urn:benchmark",
    )


def output_from(told: dict) -> OutputDataset:
    known, owner = told["facets"], ownership_dataset.Owner
    table = symlinks_dataset.Identifier
    facets = {
        "schema": schema_dataset.SchemaDatasetFacet(
            fields=[
                schema_dataset.SchemaDatasetFacetFields(
                    name=each["name"], type=each["type"], ordinal_position=each["ordinal_position"]
                )
                for each in known["schema"]["fields"]
            ]
        ),
        "dataSource": datasource_dataset.DatasourceDatasetFacet(
            name=known["dataSource"]["name"], uri=known["dataSource"]["uri"]
        ),
        "storage": storage_dataset.StorageDatasetFacet("iceberg", "parquet"),
        "ownership": ownership_dataset.OwnershipDatasetFacet(
            owners=[owner(each["name"], each["type"]) for each in known["ownership"]["owners"]]
        ),
        "symlinks": symlinks_dataset.SymlinksDatasetFacet(
            identifiers=[
                table(each["namespace"], each["name"], each["type"])
                for each in known["symlinks"]["identifiers"]
            ]
        ),
        "tags": tags_dataset.TagsDatasetFacet(
            tags=[
                tags_dataset.TagsDatasetFacetFields(each["key"], each["value"], each["source"])
                for each in known["tags"]["tags"]
            ]
        ),
        "version": version.DatasetVersionDatasetFacet(known["version"]["datasetVersion"]),
        "dataQualityAssertions": quality.DataQualityAssertionsDatasetFacet(
            assertions=[
                quality.Assertion(
                    assertion=each["assertion"], success=each["success"], column=each["column"]
                )
                for each in known["dataQualityAssertions"]["assertions"]
            ]
        ),
    }
    stats = told["outputFacets"]["outputStatistics"]
    counts = output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(
        rowCount=stats["rowCount"], size=stats["size"]
    )
    return OutputDataset(
        told["namespace"], told["name"], outputFacets={"outputStatistics": counts}, facets=facets
    )


main(sys.argv[1], Path(sys.argv[2]))
