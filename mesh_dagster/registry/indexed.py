"""What of a product's entry an index keeps: the words it is found by, and what it is ranked by.

Taken from the plain JSON of the entry: an index of ten thousand products has no time to make
contracts of them. Whatever is of another shape is passed over, so that nothing that a domain
writes can keep another's products from being found.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from mesh_dagster.model.address import SCHEME
from mesh_dagster.model.score import MOST as BEST

FIELDS = (
    "name",
    "purpose",
    "columns",
    "descriptions",
    "queries",
    "entities",
    "owners",
    "tags",
)
"""The columns of the full-text index, in its order."""

LONGEST = 4000
LONGEST_FIELD = 40_000
"""Characters of one text, and of one field of many, that are indexed: nobody looks for the end
of a long one."""
_MOST = 2000


Read = tuple[str, str, str | None]
"""What a product reads, whether that is `declared` or was `observed`, and which columns."""

Edge = tuple[str, str, str, str, str]
"""Port, column, target, its column and the use: a column that a column is made of. An empty column
stands for which rows there are."""

UNKNOWN = ""
"""The target of a column of which nobody knows what it is made of."""

SOURCE = "source:"
"""How a target begins that is an input port of the product itself, and no product's port."""


class Row(NamedTuple):
    """One product of an index."""

    path: str
    domain: str
    archetype: str
    stage: str
    status: str
    slo: str
    team: str
    purpose: str
    score: int | None
    texts: tuple[str, ...]
    facets: tuple[tuple[str, str], ...]
    reads: tuple[Read, ...]
    edges: tuple[Edge, ...]


def row_of(path: str, entry: Mapping[str, Any]) -> Row:
    """What an index keeps of an entry."""
    product = _mapping(entry.get("product"))
    custom = _custom(product)
    described = _mapping(product.get("description"))
    team = _mapping(product.get("team"))
    columns, meanings, entities = _columns(entry)
    tags = [each for each in _listed(product.get("tags")) if isinstance(each, str)]
    purpose = _text(described.get("purpose"))
    texts = (
        path.replace("/", " "),
        _joined([purpose, *_listed(custom.get("useCases"))]),
        _joined(columns),
        _joined([described.get("limitations"), described.get("usage"), *meanings]),
        _joined(_of_each(entry.get("queries"), "name", "title")),
        _joined(entities),
        _joined([team.get("name"), *_of_each(team.get("members"), "username", "name")]),
        _joined(tags),
    )
    facets = [("tag", each[:LONGEST]) for each in tags]
    return Row(
        path=path,
        domain=path.partition("/")[0],
        archetype=_text(custom.get("archetype")),
        stage=_text(custom.get("stage")) or "alpha",
        status=_text(product.get("status")),
        slo=_slo(entry),
        team=_text(team.get("name")),
        purpose=purpose,
        score=_score(entry),
        texts=texts,
        facets=(*facets, *(("entity", each) for each in entities)),
        reads=tuple({*_declared(product), *_observed(entry)}),
        edges=tuple(_edges(entry)),
    )


def product_of(address: str) -> str:
    """The product of an address as a path: `flights/departures/v1`, or without its major."""
    parts = address.removeprefix(SCHEME).split("/")
    versioned = len(parts) > 2 and parts[2][:1] == "v" and parts[2][1:].isdigit()
    return "/".join(parts[: 3 if versioned else 2])


def cleaned(row: Row) -> Row:
    """The same without what a database refuses as text: halves of characters."""

    def clean(value: Any) -> Any:
        if isinstance(value, str):
            return value.encode("utf-8", "replace").decode()
        return tuple(map(clean, value)) if isinstance(value, tuple) else value

    return Row(*map(clean, row))


def _declared(product: Mapping[str, Any]) -> Iterator[Read]:
    for port in _listed(product.get("inputPorts")):
        address = _mapping(port).get("contractId")
        if isinstance(address, str) and address.startswith(SCHEME):
            columns = _custom(port).get("columns")
            named = _joined(columns) if isinstance(columns, list) else None
            yield product_of(address[:LONGEST]), "declared", named


def _observed(entry: Mapping[str, Any]) -> Iterator[Read]:
    for each in _listed(entry.get("reads")):
        address, columns = _mapping(each).get("address"), _mapping(each).get("columns")
        if isinstance(address, str) and address.startswith(SCHEME):
            named = _joined(columns) if isinstance(columns, list) else None
            yield product_of(address[:LONGEST]), "observed", named


def _edges(entry: Mapping[str, Any]) -> Iterator[Edge]:
    for port, lineage in _mapping(entry.get("columns")).items():
        found = _mapping(lineage)
        made_of = [*_mapping(found.get("columns")).items(), ("", found.get("rows"))]
        for column, used in made_of[:_MOST]:
            if used is None:
                yield port, column, UNKNOWN, "", ""
            for each in _listed(used):
                named = each.get("column") if isinstance(each, dict) else None
                if isinstance(named, str) and (target := _origin(each)):
                    yield port, column, target, named, _text(each.get("use"))


def _origin(used: Mapping[str, Any]) -> str:
    """The port that a column is of as a path, or the input port of a source."""
    address, source = used.get("address"), used.get("source")
    if isinstance(address, str):
        return address[:LONGEST].removeprefix(SCHEME)
    return f"{SOURCE}{source[:LONGEST]}" if isinstance(source, str) else ""


def _columns(entry: Mapping[str, Any]) -> tuple[list[Any], list[Any], list[str]]:
    """Names, meanings and entities of the columns of all ports."""
    names: list[Any] = []
    meanings: list[Any] = []
    entities: dict[str, None] = {}
    for contract in _mapping(entry.get("contracts")).values():
        for table in _listed(_mapping(contract).get("schema"))[:1]:
            for each in _listed(_mapping(table).get("properties")):
                if not isinstance(each, dict):
                    continue
                names.append(each.get("name"))
                meanings.append(each.get("description"))
                if "customProperties" in each:
                    entity = _text(_custom(each).get("entity"))
                    if entity:
                        entities[entity] = None
    return names, meanings, list(entities)


def _of_each(stated: Any, *keys: str) -> list[Any]:
    return [each.get(key) for each in _listed(stated) if isinstance(each, dict) for key in keys]


def _slo(entry: Mapping[str, Any]) -> str:
    """The worst state of its service levels; empty where none is measured."""
    states = _of_each(entry.get("slos"), "state")
    worst = ("breached", "burning", "at_risk", "met")
    return next((each for each in worst if each in states), "")


def _score(entry: Mapping[str, Any]) -> int | None:
    """What its domain says that it scores; None where it says nothing of the kind."""
    overall = _mapping(entry.get("score")).get("overall")
    return overall if type(overall) is int and 0 <= overall <= BEST else None


def _custom(stated: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for each in _listed(_mapping(stated).get("customProperties")):
        if isinstance(each, dict):
            name = each.get("property")
            if isinstance(name, str):
                found[name] = each.get("value")
    return found


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _listed(value: Any) -> list[Any]:
    return value[:_MOST] if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value[:LONGEST] if isinstance(value, str) else ""


def _joined(values: list[Any]) -> str:
    try:
        return " · ".join(values)[:LONGEST_FIELD]
    except TypeError:
        return " · ".join([each for each in values if isinstance(each, str)])[:LONGEST_FIELD]
