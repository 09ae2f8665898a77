"""An address as somebody wrote it finds what is there, or says what is."""

from __future__ import annotations

import pytest

from mesh_dagster.errors import UnknownAddress
from mesh_dagster.model.address import Address
from mesh_dagster.model.product import Archetype, OutputPort, Product, Status
from mesh_dagster.registry.resolve import resolve, short_names


def product(path: str, status: Status = Status.ACTIVE, *ports: str) -> Product:
    own = Address.parse(path)
    outputs = [OutputPort(own.product, "1.0.0", own)]
    outputs += [OutputPort(port, "1.0.0", own.with_port(port)) for port in ports]
    return Product(own, f"{own.major}.0.0", status, Archetype.AGGREGATE, outputs=tuple(outputs))


KNOWN = [
    product("flights/departures/v2"),
    product("flights/departures/v1", Status.DEPRECATED),
    product("flights/departures/v3", Status.DRAFT),
    product("flights/arrivals/v1", Status.ACTIVE, "late"),
    product("weather/observations/v1", Status.RETIRED),
    product("weather/observations/v10", Status.ACTIVE),
    product("weather/observations/v9", Status.ACTIVE),
    product("fleet/aircraft/v1", Status.DEPRECATED),
    product("fleet/aircraft/v2", Status.DEPRECATED),
    product("fleet/aircraft/v3", Status.RETIRED),
]


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("flights/departures", "flights/departures/v2"),
        ("flights/departures/v1", "flights/departures/v1"),
        ("flights/departures/v3", "flights/departures/v3"),
        ("weather/observations", "weather/observations/v10"),
        ("fleet/aircraft", "fleet/aircraft/v2"),
        ("fleet/aircraft/v3", "fleet/aircraft/v3"),
        ("flights/arrivals/late", "flights/arrivals/v1/late"),
        ("mesh://flights/arrivals/v1/late", "flights/arrivals/v1/late"),
    ],
)
def test_an_address_means_the_newest_that_is_served_unless_it_names_one(
    written: str, found: str
) -> None:
    assert resolve(Address.parse(written), KNOWN).path == found


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("flights/departure", "did you mean `flights/departures`?"),
        ("flights/departures/v4", "there are v1 (deprecated), v2 (active), v3 (draft)"),
        ("flights/arrivals/v1/lat", "did you mean `late`?"),
        ("flights/departures/v2/late", "has no port 'late'; there are none"),
        ("flights/arrivals/v1/arrivals", "is the first port of flights/arrivals/v1"),
    ],
)
def test_an_unknown_address_says_what_there_is(written: str, message: str) -> None:
    with pytest.raises(UnknownAddress) as unknown:
        resolve(Address.parse(written), KNOWN)
    assert message in unknown.value.what


def test_a_product_without_an_active_major_must_be_named_with_one() -> None:
    with pytest.raises(UnknownAddress, match="has no active major; there are v1"):
        resolve(Address("weather", "observations"), KNOWN[4:5])


def test_a_product_is_called_without_its_major_where_that_means_it() -> None:
    assert {path.path: name.path for path, name in short_names(KNOWN).items()} == {
        "flights/departures/v1": "flights/departures/v1",
        "flights/departures/v2": "flights/departures",
        "flights/departures/v3": "flights/departures/v3",
        "flights/arrivals/v1": "flights/arrivals",
        "weather/observations/v1": "weather/observations/v1",
        "weather/observations/v9": "weather/observations/v9",
        "weather/observations/v10": "weather/observations",
        "fleet/aircraft/v1": "fleet/aircraft/v1",
        "fleet/aircraft/v2": "fleet/aircraft/v2",
        "fleet/aircraft/v3": "fleet/aircraft/v3",
    }
