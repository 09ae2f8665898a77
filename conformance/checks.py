"""The other tool's checks in the words of our rules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

Check = dict[str, Any]
Entry = dict[str, Any]

_KINDS = {
    "field_required": ("required",),
    "field_primary_key_required": ("required",),
    "field_unique": ("unique",),
    "field_primary_key_unique": ("unique",),
    "primary_key_unique": ("unique",),
    "field_minimum": ("range",),
    "field_maximum": ("range",),
    "field_not_equal": ("range",),
    "field_min_length": ("length",),
    "field_max_length": ("length",),
    "field_min_items": ("size",),
    "field_max_items": ("size",),
    "field_unique_items": ("distinct",),
    "field_multiple_of": ("multiple",),
    "field_regex": ("pattern",),
    "field_format": ("format", "unsupported"),
    "field_enum": ("allowed",),
    "field_null_values": ("required",),
    "field_missing_values": ("missing", "required"),
    "field_invalid_values": ("allowed", "pattern", "length", "range"),
    "field_duplicate_values": ("unique",),
    "model_duplicate_values": ("unique",),
    "row_count": ("row_count",),
    "field_relationships": ("reference", "unsupported"),
    "model_quality_sql": ("sql",),
    "field_quality_sql": ("sql",),
    "model_quality_library": ("unsupported",),
    "field_quality_library": ("unsupported",),
    "quality_custom_soda": ("unsupported",),
    "model_quality_custom": ("unsupported",),
    "field_quality_custom": ("unsupported",),
    "servicelevel_freshness": ("freshness",),
    "servicelevel_retention": ("retention",),
}
"""Their check -> the kinds of rules that it can be."""

_UNANSWERED = ("not supported yet", "skipping the check")
_BAD = ("failed", "error", "warning")
_ABOUT_THE_RUN = ("lint", "general", "connection")
_IN_RECORDS = ("required", "allowed", "range", "length", "pattern", "format")
"""What a schema of JSON records holds too, beside what has a check of its own."""

_OF_VALUES = {"range", "length", "pattern", "format", "allowed", "multiple", "size", "distinct"}


OPTIONAL = "A column that is not required may be absent"
REQUIRED = "Values of a required column that is absent are not looked at"
UNREADABLE = "A text that is no value of its type is one failing row"


@dataclass(frozen=True)
class Answer:
    """What both say of one thing. `ours` None: we have no such rule."""

    check: str
    column: str | None
    theirs: str
    ours: str | None

    @property
    def agrees(self) -> bool:
        return self.theirs == self.ours

    @property
    def argued(self) -> str | None:
        """The heading in differences.md of what this difference is one of."""
        if (self.theirs, self.ours) == ("failed", "passed"):
            of_columns = {"field_is_present", "field_type", "field_physical_type"}
            return OPTIONAL if of_columns & set(self.check.split("/")) else None
        kinds = {kind for check in self.check.split("/") for kind in _KINDS.get(check, ())}
        if self.theirs == "passed" and self.ours == "error" and kinds & (_OF_VALUES | {"unique"}):
            return REQUIRED
        if self.theirs == "error" and self.ours == "passed" and kinds & _OF_VALUES:
            return UNREADABLE
        return None

    def __str__(self) -> str:
        where = f" {self.column}" if self.column else ""
        return f"{self.check}{where}: they say {self.theirs}, we say {self.ours or 'nothing'}"


def comparable(check: Check) -> bool:
    """Whether a check says something of the data: not of the contract, nor that it cannot tell."""
    reason = check["reason"] or ""
    return check["type"] not in _ABOUT_THE_RUN and not any(words in reason for words in _UNANSWERED)


def answers(checks: Sequence[Check], entries: Sequence[Entry]) -> Iterator[Answer]:
    """Both answers to each of their checks; those that are one rule of ours are put together."""
    grouped: dict[tuple[Any, ...], list[Check]] = {}
    for check in filter(comparable, checks):
        kinds = _KINDS.get(check["type"], (check["type"],))
        grouped.setdefault((kinds, check["model"], check["field"]), []).append(check)
    for (kinds, model, field), group in grouped.items():
        own = [each for each in entries if each["schema"] == model]
        names = "/".join(dict.fromkeys(check["type"] for check in group))
        theirs = _worst(check["result"] for check in group) or "passed"
        items = any(str(check["field"]).startswith(f"{field}[]") for check in checks)
        yield Answer(names, field, theirs, _ours(group, kinds, own, with_items=not items))


def _ours(
    group: Sequence[Check],
    kinds: tuple[str, ...],
    entries: Sequence[Entry],
    *,
    with_items: bool,
) -> str | None:
    check, field = group[0], group[0]["field"]
    if check["type"] in ("field_is_present", "field_type", "field_physical_type"):
        return _of_columns(check["type"], field or "", entries, with_items=with_items)
    if check["type"] == "schema":
        held = ("schema", "type") + (_IN_RECORDS if _worst(c["result"] for c in group) else ())
        return _worst(each["verdict"] for each in entries if each["kind"] in held) or "passed"
    found = [each["verdict"] for each in entries if each["kind"] in kinds and _on(each, field)]
    return (_worst(found) or "passed") if found else None


def _on(entry: Entry, field: str | None) -> bool:
    return field is None or entry["column"] == field


def _of_columns(
    check: str, field: str, entries: Sequence[Entry], *, with_items: bool
) -> str | None:
    """What the rules on the schema, and on the texts of a column, say of that column."""
    schema = [each for each in entries if each["kind"] == "schema"]
    if not schema:
        return None
    problems = {each["column"]: each["problem"] for each in schema[0]["columns"]}
    missing = problems.get(field, "").endswith("missing")
    if check == "field_is_present":
        return "failed" if missing else "passed"
    parsed = [e["verdict"] for e in entries if e["kind"] == "type" and e["column"] == field]
    items = with_items and any(column.startswith(f"{field}[]") for column in problems)
    return "failed" if items or field in problems else _worst(parsed) or "passed"


def _worst(verdicts: Any) -> str | None:
    found = list(verdicts)
    return next((bad for bad in _BAD if bad in found), None)
