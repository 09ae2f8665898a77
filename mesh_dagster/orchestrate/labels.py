"""What the descriptor and the contract say of a product, in the words Dagster's UI shows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import dagster as dg

from mesh_dagster.model.address import Address
from mesh_dagster.model.contract import Contract, Property
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.product import Product
from mesh_dagster.model.wiring import TransformKind

_OUTSIDE_A_TAG = re.compile(r"[^A-Za-z0-9_.-]+")
_LONGEST_TAG = 63
_VISIBILITY = "mesh/visibility"
PUBLIC = {_VISIBILITY: "public"}
PRIVATE = {_VISIBILITY: "private"}
_KIND = {
    TransformKind.PYTHON: "python",
    TransformKind.SQL: "sql",
    TransformKind.DBT: "dbt",
    TransformKind.ASSET: "dagster",
}


def name(path: str) -> str:
    """What a product's step and its schedule are called: Dagster takes no slashes there."""
    return path.replace("/", "__")


def owners(product: Product, team: str | None = None) -> list[str]:
    """The team, and those of its members who own the product and have an address."""
    people = [
        member.username
        for member in product.members
        if (member.role or "").lower() == "owner" and "@" in member.username
    ]
    named = product.team or team
    return [f"team:{named}", *people] if named else people


def kinds(loaded: LoadedProduct) -> set[str]:
    return {"iceberg", _KIND[loaded.wiring.transform.kind]}


def tags(product: Product) -> dict[str, str]:
    """`mesh/*` from the fields of the descriptor, and its own tags."""
    own = {tag(each): "" for each in product.tags}
    return {
        **own,
        **PUBLIC,
        "mesh/domain": product.address.domain,
        "mesh/product": product.address.product,
        "mesh/version": tag(product.version),
        "mesh/status": product.status.value,
        "mesh/archetype": product.archetype.value,
        "mesh/stage": product.stage.value,
    }


def tag(text: str) -> str:
    """A text as Dagster takes it for a tag's key or value."""
    return _OUTSIDE_A_TAG.sub("-", text).strip("-")[:_LONGEST_TAG] or "-"


def description(product: Product, port: str | None) -> str:
    """Purpose, limits and usage as Markdown."""
    paragraphs = [
        port,
        product.purpose,
        product.limitations and f"**Limitations**: {product.limitations}",
        product.usage and f"**Usage**: {product.usage}",
        product.use_cases and "**Use cases**\n" + "\n".join(f"- {x}" for x in product.use_cases),
    ]
    return "\n\n".join(text.strip() for text in paragraphs if text)


def metadata(address: Address, contract: Contract | None) -> dict[str, Any]:
    """The port's address, and its columns as its contract states them."""
    found: dict[str, Any] = {
        "mesh/address": str(address),
        "dagster/table_name": address.sql_name,
    }
    if contract is not None:
        columns = [_column(each) for each in contract.table.properties]
        found["mesh/contract_version"] = contract.version
        found["dagster/column_schema"] = dg.TableSchema(columns)
        if contract.table.event_time:
            found["mesh/event_time"] = contract.table.event_time
    return found


def references(loaded: LoadedProduct, contract: Contract) -> dict[str, Any]:
    """Where the files are that say all this."""
    return {
        "dagster/code_references": dg.CodeReferencesMetadataValue(
            code_references=list(_files(loaded, contract))
        )
    }


def _column(each: Property) -> dg.TableColumn:
    other = ["primary key"] if each.primary_key is not None else []
    return dg.TableColumn(
        name=each.column,
        type=str(each.type or each.physical_type or each.logical_type or "string"),
        description=each.description,
        constraints=_constraints(each.mandatory, each.unique, tuple(other)),
        tags=_column_tags(each),
    )


@cache
def _constraints(required: bool, unique: bool, other: tuple[str, ...]) -> dg.TableColumnConstraints:
    return dg.TableColumnConstraints(nullable=not required, unique=unique, other=list(other))


def _column_tags(each: Property) -> Mapping[str, str]:
    found = {"mesh/entity": each.entity, "mesh/classification": each.classification}
    return {name: tag(value) for name, value in found.items() if value}


def _files(loaded: LoadedProduct, contract: Contract) -> Iterator[dg.LocalFileCodeReference]:
    for where, label in (
        (loaded.product.where, "descriptor"),
        (contract.where, "contract"),
        (loaded.wiring.where, "wiring"),
        (_transform_file(loaded), "transform"),
    ):
        if where:
            path, _, line = where.rpartition(":")
            yield dg.LocalFileCodeReference(file_path=path, line_number=int(line), label=label)


def _transform_file(loaded: LoadedProduct) -> str | None:
    kind = loaded.wiring.transform.kind
    if kind not in (TransformKind.PYTHON, TransformKind.SQL):
        return None
    return f"{Path(loaded.folder, loaded.wiring.transform.name)}:1"
