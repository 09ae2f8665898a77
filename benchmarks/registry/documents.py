"""A mesh of many domains as its discovery documents tell of it, some KiB a product."""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# fmt: off
WORDS = [
    "account", "agent", "airport", "amount", "arrival", "asset", "balance", "batch", "booking",
    "branch", "budget", "cargo", "carrier", "claim", "client", "contract", "cost", "country",
    "courier", "credit", "crew", "currency", "customer", "debit", "delay", "delivery",
    "departure", "depot", "device", "discount", "district", "driver", "employee", "energy",
    "engine", "event", "facility", "fare", "fee", "fleet", "flight", "forecast", "freight",
    "fuel", "gate", "grade", "guest", "harbour", "hotel", "income", "index", "inspection",
    "insurance", "inventory", "invoice", "item", "journey", "lease", "ledger", "letter", "line",
    "load", "loan", "location", "luggage", "machine", "market", "member", "merchant", "meter",
    "mileage", "mission", "network", "notice", "offer", "office", "order", "outage", "parcel",
    "partner", "passenger", "payment", "payroll", "penalty", "permit", "person", "plan", "plant",
    "platform", "policy", "port", "price", "product", "profile", "profit", "project", "provider",
    "purchase", "quality", "quota", "rate", "reading", "rebate", "receipt", "refund", "region",
    "rental", "repair", "request", "reservation", "resource", "return", "revenue", "review",
    "reward", "risk", "road", "room", "route", "salary", "sale", "schedule", "seat", "segment",
    "sensor", "service", "session", "shift", "shipment", "shop", "signal", "site", "speed",
    "stock", "stop", "storage", "store", "supplier", "supply", "survey", "tariff", "tax", "team",
    "ticket", "tour", "traffic", "transfer", "trip", "truck", "unit", "usage", "vehicle",
    "vendor", "vessel", "visit", "volume", "voyage", "warehouse", "warranty", "waste", "water",
    "weather", "weight", "worker", "zone",
]
# fmt: on
SYLLABLES = [
    "ka",
    "lo",
    "mi",
    "ne",
    "ru",
    "ta",
    "vo",
    "shi",
    "pre",
    "dan",
    "gor",
    "el",
    "bas",
    "tri",
]
ARCHETYPES = ["source-aligned", "aggregate", "consumer-aligned"]


def domain_name(number: int) -> str:
    return f"{WORDS[number % len(WORDS)]}_{SYLLABLES[number // len(WORDS)]}"


def names(domain: int, products: int) -> list[str]:
    """What the products of a domain are called; no two alike, none that ends like a major."""
    chosen = random.Random(domain)
    found: dict[str, None] = {}
    while len(found) < products:
        rare = "".join(chosen.choices(SYLLABLES, k=3))
        found[f"{chosen.choice(WORDS)}_{chosen.choice(WORDS)}_{rare}"] = None
    return list(found)


def entry(domain: int, name: str, upstream: str, seed: int, changed: str = "") -> dict[str, Any]:
    """One product: twelve columns, five rules, two objectives, a query with its rows."""
    chosen = random.Random(seed)
    owner = domain_name(domain)
    address = f"mesh://{owner}/{name}/v1"
    columns = [f"{chosen.choice(WORDS)}_{chosen.choice(WORDS)}" for _ in range(12)]
    return {
        "address": address,
        "promise": f"{seed:032x}",
        "product": _product(owner, name, upstream, chosen, changed),
        "contracts": {"": _contract(address, name, columns, chosen)},
        "ports": [
            {
                "address": address,
                "sqlName": f"{owner}.{name}_v1",
                "format": "iceberg",
                "location": f"s3://mesh/storage/{owner}/{name}/v1/ports/_",
            }
        ],
        **_facts(columns, upstream, chosen),
    }


def document(domain: int, domains: int, products: int, changed: str = "") -> bytes:
    """The document of a domain; `changed` is a word in the purpose of its first product."""
    head = {
        "schemaVersion": 2,
        "release": "0.1.0",
        "domain": {"name": domain_name(domain), "team": f"Team {domain_name(domain)}"},
        "products": [],
    }
    before = domain - 1 if domain else domains - 1
    upstreams = names(before, products)
    lines = []
    for number, name in enumerate(names(domain, products)):
        upstream = f"mesh://{domain_name(before)}/{upstreams[number]}/v1"
        word = changed if number == 0 else ""
        one = entry(domain, name, upstream, domain * products + number, word)
        lines.append(json.dumps(one, separators=(",", ":")).encode())
    lines.sort()
    begun = json.dumps(head, separators=(",", ":")).encode().removesuffix(b"]}")
    return begun + b"\n" + b",\n".join(lines) + b"\n]}\n"


def documents(domains: int, products: int) -> Iterator[tuple[str, bytes]]:
    """The documents of a mesh, by key."""
    for domain in range(domains):
        yield f"{domain_name(domain)}/discovery.json", document(domain, domains, products)


def _product(
    owner: str, name: str, upstream: str, chosen: random.Random, changed: str
) -> dict[str, Any]:
    words = chosen.choices(WORDS, k=14)
    return {
        "apiVersion": "v1.0.0",
        "kind": "DataProduct",
        "id": f"mesh://{owner}/{name}",
        "name": name,
        "domain": owner,
        "version": "1.2.0",
        "status": "active",
        "description": {
            "purpose": f"Every {words[0]} of a {words[1]}, by {words[2]} and {words[3]} {changed}.",
            "limitations": f"A {words[4]} without {words[5]} comes a day after its {words[6]}.",
            "usage": f"Join it by {words[7]}; a {words[8]} is in euros.",
        },
        "inputPorts": [{"name": "upstream", "version": "1.0.0", "contractId": upstream}],
        "outputPorts": [
            {
                "name": name,
                "description": f"One row a {words[0]}.",
                "type": "table",
                "version": "1.2.0",
                "contractId": f"mesh://{owner}/{name}/v1",
            }
        ],
        "team": {
            "name": f"Team {owner}",
            "members": [{"username": f"ada.li@{owner}.example", "name": "Ada Li", "role": "owner"}],
        },
        "tags": [words[9], words[10]],
        "customProperties": [
            {"property": "archetype", "value": chosen.choice(ARCHETYPES)},
            {"property": "stage", "value": chosen.choice(["alpha", "beta", "stable"])},
            {"property": "useCases", "value": [f"Plan the {words[11]} of a {words[12]}"]},
        ],
    }


def _contract(address: str, name: str, columns: list[str], chosen: random.Random) -> dict[str, Any]:
    properties = [
        {
            "name": column,
            "description": f"The {column.replace('_', ' of the ')} at its {chosen.choice(WORDS)}.",
            "logicalType": "string",
            "physicalType": "VARCHAR",
            "required": True,
            "classification": "public",
            "logicalTypeOptions": {"maxLength": 80},
        }
        for column in columns
    ]
    entity = {"property": "entity", "value": chosen.choice(WORDS)}
    properties[0]["customProperties"] = [entity]
    return {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": address,
        "name": name,
        "version": "1.2.0",
        "status": "active",
        "schema": [
            {
                "name": name,
                "logicalType": "object",
                "physicalType": "table",
                "properties": properties,
                "quality": [{"metric": "rowCount", "mustBeGreaterThan": 0}],
            }
        ],
        "slaProperties": [
            {"property": "frequency", "value": 1, "unit": "d"},
            {"property": "freshness", "value": 26, "unit": "h"},
        ],
    }


def _facts(columns: list[str], upstream: str, chosen: random.Random) -> dict[str, Any]:
    state = chosen.choice(["met", "met", "met", "at_risk", "breached"])
    rule = {"port": "", "kind": "required", "severity": "error", "outcome": "passed", "failing": 0}
    level = {"port": "", "objective": 0.99, "windowSeconds": 2592000.0, "state": state}
    told = {"kind": "materialization", "rows": {"": 84211}, "partitions": ["2013-11-07"]}
    return {
        "publications": [
            {"number": 300 + each, "at": f"2013-11-0{7 - each}T06:00:11+00:00", **told}
            for each in range(5)
        ],
        "newestEvent": "2013-11-07T23:59:00+00:00",
        "quality": [{"rule": f"{each}.required", "column": each, **rule} for each in columns[:5]],
        "slos": [
            {"name": name, **level, "attained": 1.0, "budgetLeft": 1.0}
            for name in ("freshness", "frequency")
        ],
        "queries": [
            {
                "name": "by_" + columns[1],
                "title": f"How many rows are there of each {columns[1].replace('_', ' ')}?",
                "sql": f"select {columns[1]}, count(*) as rows from t group by all order by 2",
                "publication": 304,
                "columns": [columns[1], "rows"],
                "rows": [[chosen.choice(WORDS), chosen.randrange(1000)] for _ in range(10)],
            }
        ],
        "access": {"team": "Team", "ask": ["mailto:ask@mesh.example"]},
        "reads": [{"port": "upstream", "address": upstream, "publication": 300}],
        "columns": {
            "": {
                "evidence": "sql",
                "columns": {
                    each: [{"address": upstream, "column": each, "use": "IDENTITY"}]
                    for each in columns[:5]
                },
                "rows": [],
            }
        },
    }


if __name__ == "__main__":
    root, domains, products = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    for key, data in documents(domains, products):
        (root / key).parent.mkdir(parents=True, exist_ok=True)
        (root / key).write_bytes(data)
