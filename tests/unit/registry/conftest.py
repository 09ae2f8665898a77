"""Products to describe, and a registry in a folder."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mesh_dagster.model.address import Address
from mesh_dagster.model.contract import Contract, Property, SchemaObject
from mesh_dagster.model.discovery import (
    About,
    Access,
    ExampleQuery,
    Facts,
    LevelStanding,
    ObservedRead,
    RuleStanding,
    ServedPort,
    Told,
)
from mesh_dagster.model.finding import Severity, Verdict
from mesh_dagster.model.lineage import ColumnLineage, Evidence, InputColumn, Use
from mesh_dagster.model.partition import Every, Partitioning
from mesh_dagster.model.product import Archetype, OutputPort, Product, Status
from mesh_dagster.model.score import ScoreTold
from mesh_dagster.model.slo import Status as LevelStatus
from mesh_dagster.model.types import ColumnType, Kind
from mesh_dagster.ports.storage import Storage, open_storage
from mesh_dagster.registry.described import Described
from mesh_dagster.registry.entries import entry_of, line
from mesh_dagster.registry.writing import write_document

NOW = datetime(2013, 11, 8, 12, tzinfo=UTC)


def one(path: str, version: str = "1.0.0", facts: Facts | None = None) -> Described:
    address = Address.parse(path)
    column = Property("day", physical_type="date", type=ColumnType(Kind.DATE))
    contract = Contract(
        str(address), version, Status.ACTIVE, (SchemaObject(address.product, (column,)),)
    )
    product = Product(
        address,
        version,
        Status.ACTIVE,
        Archetype.AGGREGATE,
        outputs=(OutputPort(address.product, version, address),),
    )
    day = Partitioning(Every.DAY, "day", datetime(2013, 1, 1, tzinfo=UTC))
    return Described(product, {"": contract}, day, facts or Facts())


def everything(path: str) -> Facts:
    """Facts with something in every field."""
    address = Address.parse(path)
    upstream = Address("weather", "observations", 1)
    used = InputColumn(upstream, "day", Use.IDENTITY)
    source = InputColumn(None, "raw", Use.FILTER, "file")
    return Facts(
        ports=(ServedPort(address, "iceberg", f"s3://bucket/{address.path}"),),
        publications=(Told(7, NOW, "materialization", {"": 10}, ("2013-11-07",)),),
        newest_event=NOW,
        quality=(
            RuleStanding(
                "day.required", "", "required", Severity.ERROR, Verdict.PASSED, "day", None, 0.25
            ),
        ),
        levels=(
            LevelStanding(
                "freshness",
                "",
                0.99,
                timedelta(days=30),
                LevelStatus.MET,
                1.0,
                0.95,
                timedelta(hours=26),
            ),
        ),
        queries=(
            ExampleQuery("days", "select 1", "All days?", 7, ("day", "n"), (("2013-11-07", 1),)),
            ExampleQuery("long", "select 2", note="it took longer than 5 s"),
            ExampleQuery("few", "select 3", "", 7, note="its rows are for few", withheld=True),
        ),
        access=Access("Flights", ("flights@nycair.example",), ("analyst",)),
        reads=(ObservedRead("observations", upstream, 3, ("day",)),),
        columns={"": ColumnLineage({"day": (used,), "x": None}, (source,), Evidence.SQL)},
        score=ScoreTold("1.1", 83, {"secure": 100, "trustworthy": 60}),
    )


def put(storage: Storage, *products: Described) -> bool:
    """Write products into the document of their domain."""
    entries = {each.product.address.path: line(entry_of(each)) for each in products}
    about = About(products[0].domain, "A team", "team@nycair.example")
    return write_document(storage, about, lambda known: {**known.entries, **entries})


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return open_storage(str(tmp_path / "registry"))


@pytest.fixture
def describe() -> Callable[..., Described]:
    return one


@pytest.fixture
def facts() -> Callable[[str], Facts]:
    return everything


@pytest.fixture
def tell() -> Callable[..., bool]:
    return put
