"""The port `masked`: derived from a product's first port where its contract has what is to hide.

It is derived here, where a product is loaded, so that it is an ordinary output port to everybody
else: an asset, a contract, checks, an entry in the discovery document.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from mesh_dagster.descriptors.custom import KEY, kept_value
from mesh_dagster.descriptors.masks import MASK, UNITS
from mesh_dagster.descriptors.odcs import contract_from_document
from mesh_dagster.descriptors.source import Source
from mesh_dagster.descriptors.syntax import read_file
from mesh_dagster.model.contract import Contract, Property, SchemaObject
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.finding import Finding, Severity
from mesh_dagster.model.mask import MASKED, Mask, MaskKind, Masks
from mesh_dagster.model.product import OutputPort, Product
from mesh_dagster.model.service_level import ServiceLevel
from mesh_dagster.model.types import ColumnType, Kind

FROM = "maskedFrom"
"""The custom property of a derived contract: the port that it is derived from."""

BY = "maskedBy"
"""The custom property of a column of it: the mask."""

_IMPOSSIBLE = "MESH-D071"
_DROPPED = "MESH-D072"
_NAMED = "MESH-D073"
_DROP = Mask(MaskKind.DROP)
_MOMENTS = (Kind.DATE, Kind.TIMESTAMP, Kind.TIMESTAMPTZ)
_WHOLE_NUMBERS = (Kind.INT, Kind.LONG)
_NUMBERS = (*_WHOLE_NUMBERS, Kind.FLOAT, Kind.DOUBLE, Kind.DECIMAL)
_NESTED = (Kind.LIST, Kind.STRUCT, Kind.MAP)


def with_masked_port(
    loaded: LoadedProduct, by_class: Masks, findings: list[Finding]
) -> LoadedProduct:
    """The product with its port `masked`, or as it is where nothing of it is masked.

    `by_class` are the masks that the mesh gives to classifications. A mask that cannot be is in
    `findings`.
    """
    _refuse_elsewhere(loaded, findings)
    contract = loaded.contracts.get("")
    if contract is None or not contract.schema:
        return loaded
    masks = _masks(loaded, contract.table, by_class, findings)
    if not masks:
        return loaded
    product, subject = loaded.product, loaded.product.address.path
    if (own := product.output(MASKED)) is not None:
        message = f"the output port `{MASKED}` is stated, and one is derived: columns have masks"
        findings.append(
            Finding(_NAMED, message, Severity.ERROR, subject, own.where, "give it another name")
        )
        return loaded
    derived = _contract(contract, product, masks)
    if not derived.table.properties:
        message = "every column is dropped, so nothing is left to serve masked"
        fix = "customProperties: [{property: mask, value: hash}], at a column that readers join by"
        findings.append(
            Finding(_IMPOSSIBLE, message, Severity.ERROR, subject, contract.table.where, fix)
        )
        return loaded
    return replace(
        loaded,
        product=with_masked_output(product),
        contracts={**loaded.contracts, MASKED: derived},
        masks=masks,
    )


def with_masked_output(product: Product) -> Product:
    """The descriptor with the derived port; what its contract says is known elsewhere."""
    first = product.outputs[0]
    port = OutputPort(
        name=MASKED,
        version=first.version,
        address=product.address.with_port(MASKED),
        description=f"{first.name} without what not everybody may see.",
        where=first.where,
        rest={key: first.rest[key] for key in ("type",) if key in first.rest},
    )
    return replace(product, outputs=(*product.outputs, port))


def classes_in(file: Path, port: str) -> list[str] | None:
    """The classifications of the columns of a contract that are not for everybody, and the empty
    text where a column states a mask; None where the contract is not that of the port."""
    source = Source(str(file), tolerant=True)
    contract = contract_from_document(read_file(file, source), source)
    if contract is None or contract.id != port:
        return None
    found: set[str] = set()
    for each in contract.schema[:1]:
        _classes(each.properties, found)
    return sorted(found)


def _classes(columns: tuple[Property, ...], found: set[str]) -> None:
    for each in columns:
        if each.mask is not None:
            found.add("")
        elif each.classification:
            found.add(_class(each))
        _classes(each.parts, found)


def masked_from(contract: Contract) -> str | None:
    """The address of the port that a contract is derived from; None of one that is stated."""
    found = kept_value(contract.rest, FROM)
    return found if isinstance(found, str) else None


def _class(column: Property) -> str:
    return (column.classification or "").strip().lower()


def _masks(
    loaded: LoadedProduct, table: SchemaObject, by_class: Masks, findings: list[Finding]
) -> dict[str, Mask]:
    subject, partitioning = loaded.product.address.path, loaded.wiring.partitioning
    found: dict[str, Mask] = {}
    for column in table.properties:
        mask = column.mask or by_class.get(_class(column))
        if mask is None and not _hides_within(column, by_class):
            continue
        for part in _stating(column.parts):
            message = f"a mask is stated within `{column.column}`, and masks are of whole columns"
            fix = f"state it at {column.column}, which can only be dropped: {_fix(column)}"
            findings.append(Finding(_IMPOSSIBLE, message, Severity.ERROR, subject, part.where, fix))
        if partitioning is not None and column.column == partitioning.column:
            message = f"`{column.column}` is masked, and the product is cut into partitions by it"
            fix = "partition by another column, or take the mask and the classification from it"
            findings.append(
                Finding(_IMPOSSIBLE, message, Severity.ERROR, subject, column.where, fix)
            )
            continue
        wanted = mask or _DROP
        why = _problem(column.type, wanted)
        if why is not None:
            findings.append(_impossible(column, wanted, why, subject))
            wanted = _DROP
        found[column.column] = wanted
    return found


def _impossible(column: Property, mask: Mask, why: str, subject: str) -> Finding:
    """One that the contract states is an error; one of the mesh's for a class is made stricter."""
    if column.mask is not None:
        message = f"the mask of `{column.column}` is {mask}: {why}"
        return Finding(_IMPOSSIBLE, message, Severity.ERROR, subject, column.where, _fix(column))
    message = (
        f"`{column.column}` is {column.classification}, which is masked by `{mask}`: {why}; "
        f"the port `{MASKED}` goes without it"
    )
    return Finding(_DROPPED, message, Severity.WARNING, subject, column.where, _fix(column))


def _fix(column: Property) -> str:
    kind = column.type.kind if column.type else None
    value = "drop"
    if kind in _MOMENTS:
        value = "{generalise: year}"
    elif kind in _NUMBERS:
        value = "{generalise: 10}"
    elif kind is Kind.STRING:
        value = "{truncate: 3}"
    return f"customProperties: [{{property: {MASK}, value: {value}}}]"


def _problem(kind: ColumnType | None, mask: Mask) -> str | None:
    """Why a mask cannot be put on a type; None where it can."""
    if mask.kind is MaskKind.DROP:
        return None
    if kind is None:
        return "the contract names no type of the column, so it can only be dropped"
    if kind.kind in _NESTED:
        return f"a {kind.kind} can only be dropped"
    why = None
    if mask.kind is MaskKind.HASH and kind.kind is Kind.BOOLEAN:
        why = "of two values a hash hides nothing"
    elif mask.kind is MaskKind.TRUNCATE and kind.kind is not Kind.STRING:
        why = f"it is a {kind}, and only text is truncated"
    elif mask.kind is MaskKind.GENERALISE:
        why = _not_general(kind, mask.to)
    return why


def _not_general(kind: ColumnType, to: object) -> str | None:
    if to in UNITS:
        if kind.kind not in _MOMENTS:
            return f"it is a {kind}, and has no {to}"
        return "the day of a date is the date" if (kind.kind, to) == (Kind.DATE, "day") else None
    if kind.kind not in _NUMBERS:
        return f"it is a {kind}, and only numbers lie in intervals"
    if kind.kind in _WHOLE_NUMBERS and (to == 1 or not float(str(to)).is_integer()):
        return f"an interval of whole numbers is as wide as a whole number above 1, not {to}"
    return None


def _hides_within(column: Property, by_class: Masks) -> bool:
    return any(
        part.mask is not None or _class(part) in by_class or _hides_within(part, by_class)
        for part in column.parts
    )


def _stating(columns: tuple[Property, ...]) -> Iterator[Property]:
    for each in columns:
        if each.mask is not None:
            yield each
        yield from _stating(each.parts)


def _refuse_elsewhere(loaded: LoadedProduct, findings: list[Finding]) -> None:
    """Masks are of the first port; one that another contract states would be trusted in vain."""
    others = [each for port, each in loaded.contracts.items() if port]
    for contract in (*others, *loaded.source_contracts.values()):
        for table in contract.schema:
            for each in _stating(table.properties):
                message = f"a mask is stated of {contract.id}, and only the first port is masked"
                fix = "state it in the contract of the first port, and leave the column out here"
                path = loaded.product.address.path
                findings.append(
                    Finding(_IMPOSSIBLE, message, Severity.ERROR, path, each.where, fix)
                )


def _contract(contract: Contract, product: Product, masks: Masks) -> Contract:
    hidden = {name: mask for name, mask in masks.items() if mask.kind is not MaskKind.DROP}
    purpose = str(contract.description.get("purpose") or f"{product.address.path}, masked.")
    told = "; ".join(f"{name}: {mask}" for name, mask in masks.items())
    described = {**contract.description, "purpose": purpose, "limitations": f"Masked: {told}."}
    rest = {key: contract.rest[key] for key in ("domain", "dataProduct") if key in contract.rest}
    return Contract(
        id=str(product.address.with_port(MASKED)),
        version=contract.version,
        status=contract.status,
        schema=(_table(contract.table, masks, hidden),),
        service_levels=tuple(_kept_for(contract)),
        description=described,
        api_version=contract.api_version,
        where=contract.where,
        rest={**rest, KEY: [{"property": FROM, "value": str(product.address)}]},
    )


def _kept_for(contract: Contract) -> Iterator[ServiceLevel]:
    """How long publications are kept. Both ports change at once, so all else is the first's."""
    for each in contract.service_levels:
        if each.name == "retention":
            yield replace(each, element=None)


def _table(table: SchemaObject, masks: Masks, hidden: Masks) -> SchemaObject:
    keyed = all(_still_tells(masks.get(name)) for name in table.key)
    return SchemaObject(
        name=table.name,
        properties=tuple(
            _column(each, hidden.get(each.column), keyed=keyed)
            for each in table.properties
            if each.column not in masks or each.column in hidden
        ),
        quality=tuple(each for each in table.quality if each.metric == "rowCount"),
        relationships=tuple(
            each
            for each in table.relationships
            if each.target is not None and not masks.keys() & set(each.columns)
        ),
        description=table.description,
        event_time=None if _is_masked(table, table.event_time, masks) else table.event_time,
        additional=table.additional,
        where=table.where,
        rest={key: table.rest[key] for key in ("logicalType", "physicalType") if key in table.rest},
    )


def _still_tells(mask: Mask | None) -> bool:
    """Whether masked values differ where the values do."""
    return mask is None or mask.kind is MaskKind.HASH


def _is_masked(table: SchemaObject, name: str | None, masks: Masks) -> bool:
    found = None if name is None else table.find(name)
    return found is not None and found.column in masks


def _column(column: Property, mask: Mask | None, *, keyed: bool) -> Property:
    """A column of the derived contract: as it is promised, or what is left of it."""
    key = column.primary_key if keyed else None
    if mask is None:
        return replace(
            column,
            primary_key=key,
            required=column.mandatory,
            quality=tuple(each for each in column.quality if each.type == "library"),
            relationships=tuple(each for each in column.relationships if each.target is not None),
            rest={},
        )
    there = column.mandatory and mask.kind is not MaskKind.NULL
    left = Property(
        name=column.name,
        physical_name=column.physical_name,
        required=there and not _may_lose(column, mask),
        description=f"{column.description or ''} Masked: {mask}.".strip(),
        deprecated=column.deprecated,
        where=column.where,
        rest={KEY: [{"property": BY, "value": mask.stated}]},
    )
    if mask.kind is MaskKind.NULL:
        kind = {"logical_type": column.logical_type, "physical_type": column.physical_type}
        return replace(left, type=column.type, **kind)  # type: ignore[arg-type]
    text = replace(
        left, type=ColumnType(Kind.STRING), logical_type="string", physical_type="VARCHAR"
    )
    if mask.kind is not MaskKind.HASH:
        return text
    entity = column.entity and f"{column.entity}_hashed"
    return replace(text, primary_key=key, unique=column.unique, entity=entity)


def _may_lose(column: Property, mask: Mask) -> bool:
    """A number that is none, or too great for its interval to be told, leaves nothing."""
    kind = column.type.kind if column.type else None
    return mask.kind is MaskKind.GENERALISE and kind in (Kind.FLOAT, Kind.DOUBLE, Kind.DECIMAL)
