"""Ports and sources as datasets of OpenLineage: names, types, counts and texts, never a value."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from mesh_dagster.lineage import facets
from mesh_dagster.lineage.facets import Facets, short
from mesh_dagster.lineage.told import Read, Written
from mesh_dagster.model.address import Address
from mesh_dagster.model.contract import RECORDED_AT, Contract, Property
from mesh_dagster.model.finding import RuleResult, Severity, Verdict
from mesh_dagster.model.lineage import ColumnLineage, InputColumn
from mesh_dagster.model.product import Product

MOST = 5_000
"""Fields, assertions or tags that a dataset tells of."""

MOST_PARTITIONS = 500
_DEEPEST = 20
_SOURCE = "source:"

Name = dict[str, str]
"""The namespace and the name of a dataset."""


def name_of(namespace: str, address: Address) -> Name:
    """A port as a dataset: with `mesh://flights` before it, its name is its address."""
    return {"namespace": namespace, "name": "/".join(address.parts[1:])}


def name_of_source(stated: str) -> Name:
    """`source:<system>/<name>` as a dataset."""
    system, _, rest = stated.removeprefix(_SOURCE).partition("/")
    return {"namespace": f"source://{system}", "name": rest or system}


def as_input(name: Name, read: Read) -> dict[str, Any]:
    """A dataset as it was read: the state that it had, and which parts of it."""
    number, stated = read.read.number, read.contract
    found = facets.of_dataset(
        schema=_schema(stated) if stated else _columns(read.read.columns),
        tags=_tags(_classifications(stated)) if stated else None,
        version={"datasetVersion": str(number)} if number is not None else None,
        datasetType={"datasetType": "TABLE"} if stated else None,
    )
    partitions = read.read.partitions
    parts: Facets = {}
    if partitions:
        listed = [{"identifier": key, "dimensions": {"window": key}} for key in partitions]
        condition = {"type": "partition", "partitions": listed[:MOST_PARTITIONS]}
        parts = facets.of_input(subset={"inputCondition": condition})
    return {**name, "facets": found, **({"inputFacets": parts} if parts else {})}


def as_output(
    name: Name,
    written: Written,
    contract: Contract,
    product: Product,
    *,
    place: Facets,
    owners: Sequence[Mapping[str, str]],
    columns: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """A dataset as it was written, or as it was not: then it has neither version nor size."""
    port = product.output(written.port or None)
    about = (port.description if port else None) or _purpose(contract) or product.purpose
    published = written.version is not None
    change = "CREATE" if written.first else "OVERWRITE"
    found = facets.of_dataset(
        schema=_schema(contract),
        documentation={"description": short(about)} if about else None,
        ownership={"owners": list(owners)} if owners else None,
        tags=_tags([*_of_product(product, contract), *_classifications(contract)]),
        datasetType={"datasetType": "TABLE"},
        storage={"storageLayer": "iceberg", "fileFormat": "parquet"},
        version={"datasetVersion": str(written.version)} if published else None,
        lifecycleStateChange={"lifecycleStateChange": change} if published else None,
        dataQualityAssertions=_assertions(written.results),
        columnLineage=columns,
    )
    counts = {"rowCount": written.rows, "size": written.size, "fileCount": written.files}
    known = {key: count for key, count in counts.items() if count is not None}
    stats = facets.of_dataset(outputStatistics=known) if published else {}
    return {**name, "facets": place | found, **({"outputFacets": stats} if stats else {})}


def column_lineage(
    lineage: ColumnLineage | None, names: Mapping[InputColumn, Name], masked: Collection[str] = ()
) -> dict[str, Any] | None:
    """The facet's content. A column of which nothing is known is not in it; of those that are
    `masked` it says so."""
    if lineage is None:
        return None
    fields = {
        column: {"inputFields": list(_fields(found, names, masked=column in masked))}
        for column, found in lineage.columns.items()
        if found is not None
    }
    rows = list(_fields(lineage.rows or (), names))
    return {"fields": fields, **({"dataset": rows} if rows else {})} if fields or rows else None


def _fields(
    found: Iterable[InputColumn], names: Mapping[InputColumn, Name], *, masked: bool = False
) -> Iterator[dict[str, Any]]:
    uses: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for each in found:
        if each in names:
            name = names[each]
            key = (name["namespace"], name["name"], each.column)
            kind = "DIRECT" if each.use.is_direct else "INDIRECT"
            how: dict[str, Any] = {"type": kind, "subtype": each.use.value}
            if masked and each.use.is_direct:
                how["masking"] = True
            uses.setdefault(key, []).append(how)
    for (namespace, name_, column), told in uses.items():
        yield {"namespace": namespace, "name": name_, "field": column, "transformations": told}


def _schema(contract: Contract) -> dict[str, Any]:
    fields = [_field(each, 0) for each in contract.table.properties[:MOST]]
    recorded = {"name": RECORDED_AT, "type": "timestamptz"}
    recorded["description"] = "When the attempt began that made the row."
    listed = [*fields, recorded]
    return {"fields": [{**each, "ordinal_position": at} for at, each in enumerate(listed, 1)]}


def _field(stated: Property, depth: int) -> dict[str, Any]:
    kind = str(stated.type) if stated.type else stated.physical_type or stated.logical_type
    within: list[dict[str, Any]] = []
    if depth < _DEEPEST:
        within += (_field(each, depth + 1) for each in stated.properties)
        within += ({**_field(each, depth + 1), "name": name} for name, each in stated.elements)
    return {
        "name": stated.column,
        **({"type": kind} if kind else {}),
        **({"description": short(stated.description)} if stated.description else {}),
        **({"fields": within} if within else {}),
    }


def _columns(columns: Mapping[str, str] | None) -> dict[str, Any] | None:
    if not columns:
        return None
    return {"fields": [{"name": name, "type": kind} for name, kind in list(columns.items())[:MOST]]}


def _tags(tags: Iterable[Mapping[str, str]]) -> dict[str, Any] | None:
    listed = list(tags)[:MOST]
    return {"tags": listed} if listed else None


def _of_product(product: Product, contract: Contract) -> Iterator[dict[str, str]]:
    stated = {
        "archetype": product.archetype.value,
        "stage": product.stage.value,
        "status": product.status.value,
        "contract": contract.version,
    }
    for key, value in stated.items():
        yield {"key": key, "value": value, "source": "MESH"}
    for each in product.tags:
        yield {"key": short(each), "value": "true", "source": "MESH"}


def _classifications(contract: Contract) -> Iterator[dict[str, str]]:
    """What a column is classified as, and which entity its values name."""
    for each in contract.table.properties:
        for key, value in (("classification", each.classification), ("entity", each.entity)):
            if value:
                told = {"key": key, "value": short(value), "source": "CONTRACT"}
                yield told | {"field": each.column}


def _assertions(results: Sequence[RuleResult]) -> dict[str, Any] | None:
    """One a rule: it holds where it does in every partition. What was found stays out of it."""
    by_rule: dict[str, list[RuleResult]] = {}
    for each in results:
        if each.verdict is not Verdict.UNVERIFIED:
            by_rule.setdefault(each.rule, []).append(each)
    listed = [_assertion(found) for found in list(by_rule.values())[:MOST]]
    return {"assertions": listed} if listed else None


def _assertion(found: Sequence[RuleResult]) -> dict[str, Any]:
    rule = found[0]
    bad = [each for each in found if not each.holds]
    severity = "error" if rule.severity is Severity.ERROR else "warn"
    params: dict[str, Any] = {
        "dimension": rule.dimension,
        "checked": sum(each.checked or 0 for each in found),
        "failed": sum(each.failed or 0 for each in found),
        "waived": True if bad and all(each.waived_by for each in bad) else None,
    }
    return {
        "assertion": rule.kind,
        "name": rule.rule,
        "success": not bad,
        "severity": severity,
        **({"column": rule.column} if rule.column else {}),
        "params": {key: value for key, value in params.items() if value is not None},
    }


def _purpose(contract: Contract) -> str | None:
    stated = contract.description.get("purpose")
    return stated if isinstance(stated, str) else None
