"""A domain of hourly products, a month of their publications in its journal, and its mesh."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

DOMAIN = "shop"
START = datetime(2013, 10, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
HOURS = 30 * 24
NOW = START + (HOURS + 0.5) * HOUR

_LEVELS = """\
apiVersion: v3.1.0
kind: DataContract
id: mesh://shop/p0000/v1
version: 1.0.0
status: active
schema:
  - name: p
    properties:
      - {name: at, logicalType: timestamp, physicalType: TIMESTAMPTZ}
    customProperties:
      - {property: eventTime, value: at}
slaProperties:
  - {property: frequency, value: 1.1, unit: h}
  - {property: freshness, value: 2, unit: h}
  - {property: latency, value: 1, unit: h}
  - {property: completeness, value: 99, unit: percent}
  - {property: accuracy, value: 99, unit: percent}
"""


def path(number: int) -> str:
    return f"{DOMAIN}/p{number:04}/v1"


def seed(url: str, products: int) -> None:
    """Write the journal: a publication each hour, and of each hundredth product some missing."""
    import sqlalchemy as sa

    from mesh_dagster.journal import open_journal
    from mesh_dagster.journal.tables import attempts, decisions, publications

    with open_journal(url, DOMAIN) as journal, journal._database.writing() as connection:
        for number in range(products):
            tried, decided, published = zip(*_rows(number), strict=True)
            connection.execute(sa.insert(attempts), tried)
            connection.execute(sa.insert(decisions), decided)
            connection.execute(sa.insert(publications), published)
        connection.execute(sa.text("ANALYZE"))


def _rows(product: int) -> Iterator[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]]:
    name = path(product)
    for hour in range(HOURS):
        start = START + hour * HOUR
        at = start + HOUR + timedelta(seconds=60 + (product * 7 + hour) % 240)
        if product % 100 == 0 and hour % 50 in (7, 8):
            at += 2 * HOUR
        attempt, partition = f"{product:06}-{hour:06}", f"{start:%Y-%m-%d-%H:%M}"
        yield (
            {
                "id": attempt,
                "product": name,
                "state": "finished",
                "started_at": at,
                "begun": at,
                "healed": False,
            },
            {
                "attempt": attempt,
                "partition": partition,
                "revision": 0,
                "product": name,
                "outcome": "published",
                "rows": 1000,
                "event_min": start,
                "event_max": start + timedelta(minutes=59),
                "publication": hour + 1,
                "passed": 6,
                "warned": 0,
                "failed": 0,
                "decided_at": at + timedelta(seconds=1),
                "current": True,
                "shown": True,
                "latest": True,
                "standing": True,
            },
            {
                "product": name,
                "id": attempt,
                "number": hour + 1,
                "at": at,
                "attempt": attempt,
                "kind": "materialization",
                "ports": {"": ["m", 1, 1000]},
                "partitions": [partition],
                "contracts": {"": "1.0.0"},
                "empty": [],
            },
        )


def mesh_on(folder: Path, url: str) -> Any:
    """A mesh whose journal is that one."""
    from mesh_dagster.products.mesh import Mesh

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "mesh.yaml").write_text(
        f"schemaVersion: 1\nname: shop\nstorage: .mesh/storage\njournal: {url}\n"
    )
    return Mesh.open(folder)


def products(number: int) -> list[Any]:
    """The products as they are when their files are read, each with five objectives."""
    from mesh_dagster.descriptors import odcs
    from mesh_dagster.model.address import Address
    from mesh_dagster.model.domain import Domain, LoadedProduct
    from mesh_dagster.model.partition import Every, Partitioning
    from mesh_dagster.model.product import Archetype, OutputPort, Product, Status
    from mesh_dagster.model.wiring import TransformKind, TransformRef, Wiring

    contract = odcs.read(_LEVELS)
    wiring = Wiring(
        TransformRef(TransformKind.PYTHON, "transform.py"),
        Partitioning(Every.HOUR, "at", START - 90 * 24 * HOUR),
    )
    domain, folder = Domain(DOMAIN, "Shop", Path()), Path()
    found = []
    for each in range(number):
        address = Address.parse(path(each))
        product = Product(
            address=address,
            version="1.0.0",
            status=Status.ACTIVE,
            archetype=Archetype.AGGREGATE,
            outputs=(OutputPort(address.product, "1.0.0", address),),
        )
        found.append(LoadedProduct(product, {"": contract}, wiring, folder, domain))
    return found
