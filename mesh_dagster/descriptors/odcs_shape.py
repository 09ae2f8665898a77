"""The keys of an ODCS 3.0 to 3.2 document, as its public JSON schemas have them."""

from __future__ import annotations

from mesh_dagster.descriptors.custom import CUSTOM
from mesh_dagster.descriptors.odps_shape import (
    DEFINITIONS,
    DESCRIPTION,
    MEMBER,
    STATUS,
    TEAM,
    TEXTS,
)
from mesh_dagster.descriptors.shape import (
    ANYTHING,
    FLAG,
    INTEGER,
    NUMBER,
    SCALAR,
    TEXT,
    Choice,
    Either,
    Kind,
    ListOf,
    Open,
    Shape,
)

OPERATORS = (
    "mustBe",
    "mustNotBe",
    "mustBeGreaterThan",
    "mustBeGreaterOrEqualTo",
    "mustBeLessThan",
    "mustBeLessOrEqualTo",
    "mustBeBetween",
    "mustNotBeBetween",
)
DIMENSIONS = (
    "accuracy",
    "completeness",
    "conformity",
    "consistency",
    "coverage",
    "timeliness",
    "uniqueness",
)
LOGICAL_TYPES = (
    "string",
    "date",
    "timestamp",
    "time",
    "number",
    "integer",
    "object",
    "array",
    "boolean",
    "map",
    "vector",
)
METRICS = ("nullValues", "missingValues", "invalidValues", "duplicateValues", "rowCount")


OPEN = Open()
_NAMED: dict[str, Kind] = {
    "id": TEXT,
    "name": TEXT,
    "description": TEXT,
    "customProperties": CUSTOM,
    "authoritativeDefinitions": DEFINITIONS,
    "tags": TEXTS,
}
_PAIR = Either(of_list=ListOf(NUMBER))
QUALITY = Shape(
    {
        **_NAMED,
        "type": Choice(("text", "library", "sql", "custom")),
        "metric": TEXT,
        "rule": TEXT,
        "arguments": OPEN,
        "query": TEXT,
        "engine": TEXT,
        "implementation": Either(of_map=OPEN, of_scalar=TEXT),
        "businessImpact": TEXT,
        "dimension": Choice(DIMENSIONS),
        "method": TEXT,
        "schedule": TEXT,
        "scheduler": TEXT,
        "severity": TEXT,
        "unit": TEXT,
        "mustBe": ANYTHING,
        "mustNotBe": ANYTHING,
        "mustBeGreaterThan": NUMBER,
        "mustBeGreaterOrEqualTo": NUMBER,
        "mustBeLessThan": NUMBER,
        "mustBeLessOrEqualTo": NUMBER,
        "mustBeBetween": _PAIR,
        "mustNotBeBetween": _PAIR,
    }
)
REFERENCE = Either(of_list=ListOf(TEXT), of_scalar=TEXT)
RELATIONSHIP = Shape(
    {
        "id": TEXT,
        "type": Choice(("foreignKey",)),
        "from": REFERENCE,
        "to": REFERENCE,
        "customProperties": CUSTOM,
    },
    required=("to",),
)
_SYNONYM = Shape(
    {
        "id": TEXT,
        "synonym": TEXT,
        "description": TEXT,
        "locale": TEXT,
        "source": TEXT,
        "status": TEXT,
        "customProperties": CUSTOM,
    },
    required=("synonym",),
)
_ELEMENT: dict[str, Kind] = {
    **_NAMED,
    "physicalType": TEXT,
    "physicalName": TEXT,
    "businessName": TEXT,
    "deprecated": FLAG,
    "synonyms": ListOf(_SYNONYM),
    "quality": ListOf(QUALITY),
    "relationships": ListOf(RELATIONSHIP),
}
_ENUM = Shape({**_NAMED, "value": SCALAR, "label": TEXT}, required=("value",))
ITEM = Shape(
    {
        **_ELEMENT,
        "primaryKey": FLAG,
        "primaryKeyPosition": INTEGER,
        "logicalType": Choice(LOGICAL_TYPES),
        "logicalTypeOptions": OPEN,
        "required": FLAG,
        "unique": FLAG,
        "semanticType": Choice(("column", "measure", "dimension")),
        "partitioned": FLAG,
        "partitionKeyPosition": INTEGER,
        "classification": TEXT,
        "encryptedName": TEXT,
        "transformSourceObjects": TEXTS,
        "transformLogic": TEXT,
        "transformDescription": TEXT,
        "examples": ListOf(ANYTHING),
        "enum": ListOf(Either(of_map=_ENUM, of_scalar=SCALAR)),
        "criticalDataElement": FLAG,
    }
)
PROPERTY = Shape(ITEM.keys, required=("name",))
_MAP = Shape({"key": ITEM, "value": ITEM})
for _shape in (ITEM, PROPERTY):
    _shape.keys |= {"properties": ListOf(PROPERTY), "items": ITEM, "map": _MAP}
CONTEXT = Either(of_map=OPEN, of_scalar=TEXT)
OBJECT = Shape(
    {
        **_ELEMENT,
        "logicalType": Choice(("object", "blob")),
        "dataGranularityDescription": TEXT,
        "properties": ListOf(PROPERTY),
        "context": CONTEXT,
    },
    required=("name",),
)
SERVICE_LEVEL = Shape(
    {
        "id": TEXT,
        "property": TEXT,
        "value": SCALAR,
        "valueExt": SCALAR,
        "unit": TEXT,
        "element": TEXT,
        "driver": TEXT,
        "description": TEXT,
        "scheduler": TEXT,
        "schedule": TEXT,
        "customProperties": CUSTOM,
        "authoritativeDefinitions": DEFINITIONS,
    },
    required=("property", "value"),
)
_ROLE = Shape(
    {
        "id": TEXT,
        "role": TEXT,
        "description": TEXT,
        "access": TEXT,
        "firstLevelApprovers": TEXT,
        "secondLevelApprovers": TEXT,
        "customProperties": CUSTOM,
    },
    required=("role",),
)
_SUPPORT = Shape(
    {
        "id": TEXT,
        "channel": TEXT,
        "url": TEXT,
        "description": TEXT,
        "tool": TEXT,
        "scope": TEXT,
        "invitationUrl": TEXT,
        "customProperties": CUSTOM,
    },
    required=("channel",),
)
_PRICE = Shape({"id": TEXT, "priceAmount": NUMBER, "priceCurrency": TEXT, "priceUnit": TEXT})
CONTRACT = Shape(
    {
        **_NAMED,
        "apiVersion": TEXT,
        "kind": Choice(("DataContract",)),
        "version": TEXT,
        "status": STATUS,
        "tenant": TEXT,
        "domain": TEXT,
        "dataProduct": TEXT,
        "description": DESCRIPTION,
        "servers": ListOf(OPEN),
        "context": CONTEXT,
        "schema": ListOf(OBJECT),
        "support": ListOf(_SUPPORT),
        "price": _PRICE,
        "team": Either(of_list=ListOf(MEMBER), of_map=TEAM),
        "roles": ListOf(_ROLE),
        "slaDefaultElement": TEXT,
        "slaProperties": ListOf(SERVICE_LEVEL),
        "contractCreatedTs": TEXT,
    },
    required=("apiVersion", "kind", "id", "version"),
)
