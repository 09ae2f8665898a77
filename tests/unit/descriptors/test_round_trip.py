"""Descriptors and contracts survive being written and read, and exports are valid documents."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from effort import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mesh_dagster.descriptors import odcs, odps, types
from mesh_dagster.descriptors.odcs_shape import DIMENSIONS, METRICS, OPERATORS
from mesh_dagster.model.address import Address, is_name
from mesh_dagster.model.contract import (
    Contract,
    Property,
    Quality,
    Relationship,
    SchemaObject,
)
from mesh_dagster.model.finding import Severity
from mesh_dagster.model.product import (
    STATED,
    Archetype,
    Deprecation,
    InputPort,
    Member,
    OutputPort,
    Product,
    Status,
)
from mesh_dagster.model.service_level import ServiceLevel

SCHEMAS = Path(__file__).parents[4] / "shared" / "schemas"
EASY = settings(max_examples=examples(50), deadline=None, suppress_health_check=list(HealthCheck))

words = st.from_regex(r"[a-z][a-z0-9]{0,6}(_[a-z][a-z0-9]{0,4})?", fullmatch=True).filter(is_name)
texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20) | (
    st.sampled_from(["no", "1.0", "2013-01-01", "a: b", "# x", "", "null", "1e3", "0o17", "~", "="])
    | st.text(st.sampled_from(" \n\tab'\":-é\u2028\x85\U0001f600"), max_size=8)
)
numbers = st.integers(-(10**9), 10**9) | st.floats(allow_nan=False, allow_infinity=False, width=32)
scalars = texts | numbers | st.booleans() | st.none()
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
majors = st.integers(0, 50)
numbers_of_version = st.tuples(st.integers(0, 20), st.integers(0, 20))
maybe_text = st.none() | texts


def version_of(major: int) -> st.SearchStrategy[str]:
    return numbers_of_version.map(lambda rest: f"{major}.{rest[0]}.{rest[1]}")


def custom(*taken: str) -> st.SearchStrategy[list[dict[str, Any]]]:
    item = st.fixed_dictionaries(
        {"property": texts.filter(lambda name: name not in taken), "value": values}
    )
    return st.lists(item, min_size=1, max_size=2, unique_by=lambda each: each["property"])


def rest(**keys: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=keys)


tags = st.lists(texts, max_size=2)
port_rest = rest(tags=tags, customProperties=custom())


def deprecations(own: Address) -> st.SearchStrategy[Deprecation]:
    others = [own.with_major((own.major or 0) + 1), Address("another", "product")]
    days = st.dates(date(1900, 1, 1), date(2999, 12, 31))
    return st.builds(
        Deprecation, st.none() | days, st.none() | st.sampled_from(others), maybe_text
    ).filter(lambda said: said != Deprecation())


@st.composite
def products(draw: st.DrawFn) -> Product:
    major = draw(majors)
    own = Address(draw(words), draw(words), major)
    named = draw(
        st.lists(words, unique=True, max_size=2).filter(lambda all: own.product not in all)
    )
    addresses = [own, *(own.with_port(name) for name in named)]
    outputs = tuple(
        OutputPort(
            address.port or own.product,
            draw(version_of(major)),
            address,
            draw(maybe_text),
            rest=draw(port_rest),
        )
        for address in addresses
    )
    return Product(
        address=own,
        version=draw(version_of(major)),
        status=draw(st.sampled_from(Status)),
        archetype=draw(st.sampled_from(Archetype)),
        stage=draw(st.sampled_from(STATED)),
        purpose=draw(maybe_text),
        limitations=draw(maybe_text),
        usage=draw(maybe_text),
        inputs=tuple(draw(inputs(own))),
        outputs=outputs,
        team=draw(maybe_text),
        members=tuple(draw(st.lists(members, max_size=2))),
        tags=tuple(draw(tags)),
        use_cases=tuple(draw(tags)),
        deprecation=draw(st.none() | deprecations(own)),
        rest=draw(
            rest(
                tenant=texts,
                customProperties=custom("archetype", "stage", "useCases", "deprecation"),
                team=st.fixed_dictionaries({"description": texts}),
                description=st.fixed_dictionaries({"customProperties": custom()}),
            )
        ),
    )


members = st.builds(
    Member, texts, maybe_text, maybe_text, rest(description=texts, customProperties=custom())
)


def inputs(own: Address) -> st.SearchStrategy[list[InputPort]]:
    addresses = st.builds(Address, words, words, st.none() | majors, st.none() | words).filter(
        lambda address: address.of_product != own
    )
    return st.lists(
        st.builds(InputPort, words, texts, addresses, st.none(), st.none(), port_rest)
        | st.builds(
            InputPort,
            words,
            texts,
            st.none(),
            st.builds("{}/{}".format, words, words),
            st.none(),
            port_rest,
        ),
        max_size=3,
        unique_by=lambda port: port.name,
    )


physical = st.sampled_from(
    [
        "BIGINT",
        "VARCHAR",
        "decimal(10,2)",
        "list<int>",
        "timestamp with time zone",
        "struct<a: int>",
    ]
)
columns = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True).filter(
    lambda name: name != "_recorded_at"
)


@st.composite
def qualities(draw: st.DrawFn) -> Quality:
    kind = draw(st.sampled_from(["library", "sql", "custom", "text"]))
    operator = draw(st.sampled_from(OPERATORS)) if kind in ("library", "sql") else None
    threshold: Any = draw(numbers)
    if operator and operator.endswith("Between"):
        threshold = draw(st.integers(-5, 5).map(lambda low: [low, low + 1]))
    extra = {
        "sql": st.fixed_dictionaries({"query": texts}),
        "custom": st.fixed_dictionaries({"engine": texts, "implementation": texts}),
    }
    return Quality(
        type=kind,
        metric=draw(st.sampled_from(METRICS)) if kind == "library" else None,
        operator=operator,
        threshold=threshold if operator else None,
        arguments=draw(st.dictionaries(texts, values, max_size=2)) if kind == "library" else {},
        unit=draw(maybe_text),
        name=draw(maybe_text),
        dimension=draw(st.none() | st.sampled_from(DIMENSIONS)),
        severity=draw(st.sampled_from(Severity)),
        rest=draw(extra.get(kind, st.just({}))) | draw(rest(description=texts, tags=tags)),
    )


@st.composite
def relationships(draw: st.DrawFn, own: tuple[str, ...], table: str) -> Relationship:
    inside = draw(st.booleans())
    targets = tuple(draw(st.lists(columns, min_size=len(own), max_size=len(own))))
    address = draw(st.builds(Address, words, words, majors, st.none() | words))
    return Relationship(
        columns=own,
        target=None if inside else address.path,
        target_object=table if inside else draw(columns),
        target_columns=own if inside else targets,
        severity=draw(st.sampled_from(Severity)),
        rest=draw(rest(type=st.just("foreignKey"), customProperties=custom("severity"))),
    )


@st.composite
def properties(draw: st.DrawFn, table: str, name: str, key: int | None) -> Property:
    stated = draw(st.none() | physical)
    logical = draw(
        st.none() | st.sampled_from(["string", "integer", "boolean", "date", "timestamp"])
    )
    options = draw(rest(timezone=st.booleans())) if logical == "timestamp" else {}
    held = types.parse(stated) if stated else logical and types.logical(logical, options)
    return Property(
        name=name,
        logical_type=logical,
        physical_type=stated,
        physical_name=draw(st.none() | st.just(f"{name}_stored")),
        type=held,
        required=draw(st.booleans()),
        unique=draw(st.booleans()),
        primary_key=key,
        options=options,
        description=draw(maybe_text),
        classification=draw(maybe_text),
        entity=draw(maybe_text),
        relationships=tuple(draw(st.lists(relationships((name,), table), max_size=1))),
        quality=tuple(draw(st.lists(qualities(), max_size=1))),
        rest=draw(
            rest(businessName=texts, examples=st.lists(scalars), customProperties=custom("entity"))
        ),
    )


@st.composite
def parts(draw: st.DrawFn) -> Property:
    """An item of an array, a key or a value of a map."""
    logical = draw(st.sampled_from(["string", "integer"]))
    options = draw(rest(maxLength=st.integers(0, 9))) if logical == "string" else {}
    return Property(
        name="",
        logical_type=logical,
        type=types.logical(logical, options),
        required=draw(st.booleans()),
        unique=draw(st.booleans()),
        options=options,
        deprecated=draw(st.booleans()),
        rest=draw(rest(businessName=texts)),
    )


@st.composite
def holders(draw: st.DrawFn, name: str) -> Property:
    """An array or a map with all that is said of what lies in it."""
    one, other = draw(parts()), draw(parts())
    if draw(st.booleans()):
        options = draw(rest(minItems=st.integers(0, 3), uniqueItems=st.booleans()))
        held = types.logical("array", options, one.type)
        return Property(name, "array", type=held, options=options, items=one)
    held = types.logical("map", {}, pair=(one.type, other.type))
    return Property(name, "map", type=held, key=one, value=other)


@st.composite
def contracts(draw: st.DrawFn) -> Contract:
    table = draw(columns)
    names = draw(st.lists(columns, min_size=1, max_size=4, unique_by=str.lower))
    keyed = draw(st.integers(0, len(names)))
    held = tuple(
        draw(properties(table, name, at + 1 if at < keyed else None))
        for at, name in enumerate(names)
    )
    own = tuple(draw(st.permutations(names)))[:2]
    schema = SchemaObject(
        name=table,
        properties=held,
        quality=tuple(draw(st.lists(qualities(), max_size=1))),
        relationships=tuple(draw(st.lists(relationships(own, table), max_size=1))),
        additional=draw(st.none() | st.sampled_from(Severity)),
        description=draw(maybe_text),
        event_time=draw(st.none() | st.sampled_from(names)),
        rest=draw(rest(physicalName=texts, customProperties=custom("eventTime"))),
    )
    return Contract(
        id=str(draw(st.builds(Address, words, words, majors, st.none() | words))),
        version=draw(version_of(draw(majors))),
        status=draw(st.sampled_from(Status)),
        schema=(schema,),
        service_levels=tuple(
            draw(
                st.lists(
                    st.builds(ServiceLevel, texts, numbers | texts, maybe_text, maybe_text),
                    max_size=2,
                )
            )
        ),
        description=draw(rest(purpose=texts, usage=texts)),
        api_version=draw(st.sampled_from(["v3.1.0", "v3.2.0"])),
        rest=draw(rest(name=texts, tenant=texts, tags=tags, customProperties=custom())),
    )


@cache
def validator(name: str) -> Any:
    path = SCHEMAS / name
    if not path.is_file():
        pytest.skip(f"the public schema {name} is not here")
    return jsonschema.Draft201909Validator(json.loads(path.read_text(encoding="utf-8")))


def assert_valid(document: dict[str, Any], schema: str) -> None:
    assert [error.message for error in validator(schema).iter_errors(document)] == []


@EASY
@given(products())
def test_a_product_that_is_written_reads_back_as_the_same(product: Product) -> None:
    assert odps.read(odps.write(product)) == product


@EASY
@given(contracts())
def test_a_contract_that_is_written_reads_back_as_the_same(contract: Contract) -> None:
    assert odcs.read(odcs.write(contract)) == contract


@EASY
@given(contracts(), holders("held"))
def test_what_lies_in_arrays_and_maps_is_written_and_read_back(
    contract: Contract, held: Property
) -> None:
    table = replace(contract.table, properties=(held,), relationships=(), event_time=None)
    table = replace(table, quality=())
    nested = replace(contract, schema=(table,), api_version="v3.2.0")
    assert odcs.read(odcs.write(nested)) == nested
    assert_valid(odcs.document_from_contract(nested), "odcs-3.2.0.json")


@EASY
@given(products())
def test_every_other_yaml_reader_reads_what_a_product_was_written_as(product: Product) -> None:
    assert yaml.safe_load(odps.write(product)) == odps.document_from_product(product)


@EASY
@given(contracts())
def test_every_other_yaml_reader_reads_what_a_contract_was_written_as(contract: Contract) -> None:
    assert yaml.safe_load(odcs.write(contract)) == odcs.document_from_contract(contract)


@EASY
@given(products())
def test_an_exported_product_is_valid_by_the_public_schema(product: Product) -> None:
    assert_valid(odps.document_from_product(product), "odps-1.0.0.json")


@EASY
@given(contracts())
def test_an_exported_contract_is_valid_by_the_public_schema(contract: Contract) -> None:
    assert_valid(odcs.document_from_contract(contract), f"odcs-{contract.api_version[1:]}.json")


FULL_CONTRACT = """
apiVersion: v3.2.0
kind: DataContract
id: mesh://flights/departures/v1
name: departures
version: 1.2.0
status: active
tenant: nycair
domain: flights
dataProduct: departures
context: {instructions: ask politely}
description:
  purpose: who left when
  customProperties: [{property: colour, value: blue, description: of the sky}]
servers: [{server: local, type: local, path: ./data, format: csv}]
schema:
- name: departures
  id: dep
  physicalName: DEPARTURES
  logicalType: object
  synonyms: [{synonym: starts}]
  customProperties:
  - {property: eventTime, value: departed_at, description: the wheels' moment}
  properties:
  - name: origin
    logicalType: string
    logicalTypeOptions: {pattern: "[A-Z]{3}", minLength: 3}
    primaryKey: true
    primaryKeyPosition: 2
    enum: [{value: JFK, label: Kennedy}]
    customProperties: [{property: entity, value: airport, vendor: us}]
  - {name: hour, physicalType: integer, primaryKey: true, primaryKeyPosition: 1}
  - {name: departed_at, logicalType: timestamp, logicalTypeOptions: {timezone: false}}
  - name: legs
    logicalType: array
    items:
      logicalType: object
      properties:
      - {name: to, logicalType: string}
      - {name: miles, physicalType: DOUBLE}
  - name: notes
    logicalType: map
    map: {key: {logicalType: string}, value: {logicalType: integer}}
  relationships:
  - id: hours
    from: [departures.origin, departures.hour]
    to:
    - weather/observations/v1.yaml#schema/observations/properties/origin
    - weather/observations/v1.yaml#schema/observations/properties/hour
    customProperties: [{property: severity, value: error}]
  quality:
  - {id: q1, metric: rowCount, mustBeBetween: [1, 10], severity: info, businessImpact: none}
  - {type: sql, query: select 1, mustBe: 1}
  - {type: custom, engine: soda, implementation: {a: [1, 2]}}
  - {type: text, description: looks right}
support: [{channel: "#data"}]
price: {priceAmount: 9.95, priceCurrency: USD}
team: {name: Flight Operations, members: [{username: ada, dateIn: "2013-01-01"}]}
roles: [{role: reader, access: read}]
slaDefaultElement: departures.hour
slaProperties:
- {property: freshness, value: 26, unit: h, driver: operational}
- {property: retention, value: null}
contractCreatedTs: "2013-01-01T00:00:00Z"
authoritativeDefinitions: [{type: wiki, url: "https://example.com"}]
"""


def test_nothing_that_the_standard_allows_is_lost_from_a_contract() -> None:
    document = yaml.safe_load(FULL_CONTRACT)
    read = odcs.read(FULL_CONTRACT)
    assert odcs.document_from_contract(read) == document
    assert_valid(odcs.document_from_contract(read), "odcs-3.2.0.json")


FULL_PRODUCT = """
apiVersion: v1.0.0
kind: DataProduct
id: mesh://flights/departures
name: departures
domain: flights
version: 1.2.0
status: active
tenant: nycair
description:
  purpose: who left when
  limitations: only 2013
  usage: by day
  authoritativeDefinitions: [{type: wiki, url: "https://example.com"}]
tags: [air]
inputPorts:
- {name: airports, version: 1.0.0, contractId: mesh://network/airports/v1, tags: [reference]}
- {name: flights_file, version: "2013", contractId: source:nycflights13/flights}
outputPorts:
- name: departures
  version: 1.2.0
  contractId: mesh://flights/departures/v1
  description: all of them
  type: tables
  sbom: [{url: "https://example.com/sbom", type: external}]
  inputContracts: [{id: mesh://network/airports/v1, version: 1.0.0}]
- {name: late, version: 1.0.0, contractId: mesh://flights/departures/v1/late}
managementPorts: [{name: topic, content: observability, type: topic}]
support: [{channel: "#flights", url: "https://example.com/chat"}]
team:
  name: Flight Operations
  description: of all airports
  members: [{username: ada, name: Ada, role: owner, dateIn: "2013-01-01"}]
customProperties:
- {property: archetype, value: source-aligned, description: files of the authority}
- {property: stage, value: stable}
- {property: useCases, value: [planning, punctuality]}
- {property: colour, value: {deep: [blue, 1]}}
productCreatedTs: "2013-01-01T00:00:00Z"
authoritativeDefinitions: [{type: wiki, url: "https://example.com"}]
"""


def test_nothing_that_the_standard_allows_is_lost_from_a_descriptor() -> None:
    document = yaml.safe_load(FULL_PRODUCT)
    read = odps.read(FULL_PRODUCT)
    assert odps.document_from_product(read) == document
    assert_valid(odps.document_from_product(read), "odps-1.0.0.json")


def test_a_rule_of_odcs_3_0_keeps_the_key_of_its_version() -> None:
    text = """
apiVersion: v3.0.2
kind: DataContract
id: mesh://a/b/v1
version: 1.0.0
status: active
schema:
- name: b
  quality: [{type: library, rule: duplicateCount, mustBe: 0}]
"""
    read = odcs.read(text)
    assert read.schema[0].quality[0].metric == "duplicateCount"
    written = odcs.document_from_contract(read)
    assert written["schema"][0]["quality"] == [{"rule": "duplicateCount", "mustBe": 0}]


def test_a_type_that_nothing_states_is_written_as_its_physical_type() -> None:
    held = types.parse("struct<a: list<decimal(9,2)>, b: map<string, timestamptz>>")
    column = Property("a", type=held)
    contract = Contract("mesh://a/b/v1", "1.0.0", Status.ACTIVE, (SchemaObject("b", (column,)),))
    assert odcs.read(odcs.write(contract)).table.properties[0].type == held
