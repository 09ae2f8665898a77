"""Composing run events (OpenLineage 2-0-2): the same facts give the same bytes.

They are composed here, as plain JSON, and not by the official client: its classes are made to be
sent at once, and what is kept has to stay what it is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from mesh_dagster.lineage import facets
from mesh_dagster.lineage.datasets import (
    Name,
    as_input,
    as_output,
    column_lineage,
    name_of,
    name_of_source,
)
from mesh_dagster.lineage.facets import Facets, short
from mesh_dagster.lineage.routes import Routes
from mesh_dagster.lineage.told import Ended, Parent, Read, Run, Written
from mesh_dagster.model.address import Address
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.lineage import ColumnLineage, InputColumn
from mesh_dagster.model.ownership import owners
from mesh_dagster.model.run_event import RunEvent, RunState

INTEGRATION = "MESH_DAGSTER"
_LONGEST_SQL = 100_000
_MOST_KEYS = 50


@dataclass(frozen=True, slots=True)
class Composer:
    """Tells of one product. `storage` is the URL of the mesh's, `code` where its files are kept
    and `sql` its transform, where it is one."""

    loaded: LoadedProduct
    routes: Routes
    mesh: str
    storage: str
    code: Mapping[str, str] | None = None
    sql: str | None = None

    def started(self, run: Run) -> RunEvent:
        """A run begins."""
        return self._event(run, RunState.START, Ended(run.at))

    def ended(self, run: Run, state: RunState, how: Ended) -> RunEvent:
        """A run ends; this tells all of it, so that nothing but it has to arrive."""
        return self._event(run, state, how)

    def parent(self, parent: Parent | None) -> dict[str, Any] | None:
        """The content of the facet that names the run of Dagster."""
        if parent is None:
            return None
        namespace = self.routes.namespace(self.loaded.domain.name)
        job = {"namespace": namespace, "name": f"dagster/{parent.job}"}
        told = {"run": {"runId": parent.id}, "job": job}
        return {**told, "root": told}

    def _event(self, run: Run, state: RunState, how: Ended) -> RunEvent:
        at = max(how.at, run.at)
        body = {
            "eventType": state.value,
            "eventTime": moment(at),
            "run": {"runId": run.id, "facets": self._of_run(run, how)},
            "job": {**self._job, "facets": self._of_job(how.sql or self.sql)},
            "inputs": [self._input(each) for each in how.reads],
            "outputs": [self._output(each) for each in how.written],
            "producer": facets.producer(),
            "schemaURL": facets.EVENT,
        }
        return RunEvent(
            run=run.id,
            state=state,
            product=self.loaded.product.address.path,
            at=at,
            body=json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(),
            sinks=self.routes.names,
            publication=how.publication,
        )

    @property
    def _job(self) -> Name:
        address = self.loaded.product.address
        return name_of(self.routes.namespace(address.domain), address)

    def _of_run(self, run: Run, how: Ended) -> Facets:
        keys, release = run.partitions or (), facets.release()
        tags = dict(how.tags)
        if keys:
            more = f" and {len(keys) - _MOST_KEYS} more" if len(keys) > _MOST_KEYS else ""
            tags["partitions"] = ", ".join(keys[:_MOST_KEYS]) + more
        window = run.window and {
            "nominalStartTime": moment(run.window[0]),
            "nominalEndTime": moment(run.window[1]),
        }
        listed = [{"key": key, "value": value, "source": "MESH"} for key, value in tags.items()]
        return facets.of_run(
            parent=run.parent,
            nominalTime=window,
            processing_engine={
                "name": "mesh-dagster",
                "version": release,
                "openlineageAdapterVersion": release,
            },
            tags={"tags": listed} if listed else None,
            errorMessage={"message": how.error, "programmingLanguage": "PYTHON"}
            if how.error
            else None,
        )

    def _of_job(self, query: str | None) -> Facets:
        product, purpose = self.loaded.product, self.loaded.product.purpose
        pattern = {"eventTrigger": "EVENT_BASED", "eventContentMode": "COMPLETE_SNAPSHOT"}
        kind = {"processingType": "BATCH", "integration": INTEGRATION, "jobType": "DATA_PRODUCT"}
        tags = [{"key": "archetype", "value": product.archetype.value, "source": "MESH"}]
        sql = {"query": query[:_LONGEST_SQL], "dialect": "duckdb"} if query else None
        return facets.of_job(
            jobType={**kind, "emissionPattern": pattern},
            documentation={"description": short(purpose)} if purpose else None,
            ownership={"owners": self._owners},
            sourceCodeLocation=self.code,
            sql=sql,
            tags={"tags": tags},
        )

    @property
    def _owners(self) -> Sequence[dict[str, str]]:
        team = {"name": f"team:{self.loaded.domain.team}", "type": "TEAM"}
        people = [{"name": f"user:{e.username}", "type": "OWNER"} for e in owners(self.loaded)]
        return [team, *people]

    def _input(self, read: Read) -> dict[str, Any]:
        return as_input(self._read_from(read.read.address), read)

    def _read_from(self, address: str) -> Name:
        if address.startswith("source:"):
            return name_of_source(address)
        found = Address.parse(address)
        return name_of(self.routes.namespace(found.domain), found)

    def _output(self, written: Written) -> dict[str, Any]:
        address = self.loaded.product.address.with_port(written.port or None)
        name = name_of(self.routes.namespace(address.domain), address)
        return as_output(
            name,
            written,
            self.loaded.contracts[written.port],
            self.loaded.product,
            place=self._place(address, written),
            owners=self._owners,
            columns=column_lineage(
                written.columns,
                self._names(written.columns),
                self.loaded.masks if self.loaded.derives(written.port) else (),
            ),
        )

    def _place(self, address: Address, written: Written) -> Facets:
        """Where the table lies, and its name for who reads it in SQL."""
        warehouse = quote(self.storage, safe=":/")
        described = {"metadataUri": quote(written.metadata, safe=":/")} if written.metadata else {}
        catalog = {"framework": "iceberg", "type": "mesh", "name": self.mesh}
        table = {"namespace": warehouse, "name": address.sql_name, "type": "TABLE"}
        return facets.of_dataset(
            dataSource={"name": self.routes.namespace(address.domain), "uri": warehouse},
            catalog={**catalog, "warehouseUri": warehouse, **described},
            symlinks={"identifiers": [table]},
        )

    def _names(self, lineage: ColumnLineage | None) -> dict[InputColumn, Name]:
        """The datasets of input columns; a source that is no input port has none."""
        if lineage is None:
            return {}
        found = [each for some in lineage.columns.values() for each in some or ()]
        names = {}
        for each in (*found, *(lineage.rows or ())):
            port = self.loaded.product.input(each.source) if each.source else None
            if each.address is not None:
                names[each] = name_of(self.routes.namespace(each.address.domain), each.address)
            elif port is not None and port.source is not None:
                names[each] = name_of_source(port.source)
        return names


def moment(at: datetime) -> str:
    """A moment as events have it."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
