"""What JSON Schema and a contract have the same words for."""

from __future__ import annotations

KEPT = "x-odcs"
"""What an export keeps here of a contract that JSON Schema has no words for."""

KEPT_CONTRACT = "x-odcs-contract"
"""Which contract it was."""

BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
OPTIONS_OF = {
    "string": ("minLength", "maxLength", "pattern"),
    "integer": BOUNDS,
    "number": BOUNDS,
    "array": ("minItems", "maxItems", "uniqueItems"),
    "object": ("minProperties", "maxProperties"),
}
"""The options that are keywords, by the type that has them."""
