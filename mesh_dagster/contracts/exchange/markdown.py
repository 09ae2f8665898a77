"""A contract as a page that a person likes to read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from mesh_dagster.contracts.exchange.exported import Exported, enum_of, walked
from mesh_dagster.contracts.rules.compile import rules
from mesh_dagster.contracts.rules.kinds import (
    NONE_ALLOWED,
    Allowed,
    Code,
    Missing,
    Required,
    Rule,
    Schema,
    Sql,
    Text,
    Unsupported,
)
from mesh_dagster.contracts.rules.wording import shown
from mesh_dagster.model.contract import Contract, Property, SchemaObject
from mesh_dagster.model.finding import Severity
from mesh_dagster.model.service_level import ServiceLevel

_SECTIONS = {"purpose": "What it is for", "usage": "How to use it", "limitations": "What it is not"}
_SHOWN = 5
"""Values that the sentence of a rule lists."""
_UNITS = {"d": "day", "h": "hour", "m": "minute", "mo": "month", "w": "week", "y": "year"}


def export_markdown(contract: Contract, tables: tuple[SchemaObject, ...]) -> Exported:
    """The page. What it does not show, such as servers and custom properties, is noted."""
    lines = [*_head(contract)]
    for table in tables:
        lines += ["", *_table(contract, table, alone=len(tables) == 1)]
    if contract.service_levels:
        lines += ["", "## How it is kept up", ""]
        lines += [f"- {_level(each)}" for each in contract.service_levels]
    lines += _people(contract)
    hidden = ("servers", "customProperties", "roles", "price", "authoritativeDefinitions")
    notes = tuple(key for key in hidden if contract.rest.get(key))
    return Exported("\n".join(lines) + "\n", notes)


def _head(contract: Contract) -> Iterator[str]:
    name = contract.rest.get("name") or contract.id.removeprefix("mesh://")
    yield f"# {_text(name)}"
    yield ""
    told = [f"Version {_text(contract.version)}", contract.status.value]
    for key, word in (("domain", "domain"), ("dataProduct", "data product"), ("tenant", "tenant")):
        if contract.rest.get(key):
            told.append(f"{word} {_text(contract.rest[key])}")
    yield f"{' · '.join(told)} · `{_code(contract.id)}`"
    for key, title in _SECTIONS.items():
        if contract.description.get(key):
            yield from ("", f"**{title}.** {_text(contract.description[key])}")


def _table(contract: Contract, table: SchemaObject, *, alone: bool) -> Iterator[str]:
    yield f"## {_text(table.name)}"
    yield ""
    if table.description:
        yield from (_text(table.description), "")
    key = f"One row for each ({', '.join(f'`{_code(each)}`' for each in table.key)}). "
    when = f"`{_code(table.event_time)}` says when it happened." if table.event_time else ""
    if told := f"{key if table.key else ''}{when}".strip():
        yield from (told, "")
    if table.properties:
        yield from _columns(table)
    yield from ("", f"### What is checked{'' if alone else f' of {_text(table.name)}'}", "")
    yield from _rules(contract, table)


def _columns(table: SchemaObject) -> Iterator[str]:
    yield "| column | type | | what it is |"
    yield "|---|---|---|---|"
    for path, each in walked(table.properties):
        about = [_text(each.description or each.rest.get("businessName") or "")]
        if values := enum_of(each):
            about.append(f"One of {_text(shown(values, len(values)))}.")
        for link in each.relationships:
            to = link.target or link.target_object
            about.append(f"Refers to {_text(to)} ({_text(', '.join(link.target_columns))}).")
        if each.classification:
            about.append(f"*{_text(each.classification)}*")
        if each.deprecated:
            about.append("**Deprecated.**")
        told = " ".join(part for part in about if part)
        yield f"| `{_code(path)}` | {_type(each)} | {_marks(each)} | {told} |"


def _type(each: Property) -> str:
    named = each.physical_type or (str(each.type) if each.type else None) or each.logical_type
    return _text(named or "")


def _marks(each: Property) -> str:
    marks = {
        "key": each.primary_key is not None,
        "required": each.required and each.primary_key is None,
        "unique": each.unique,
    }
    return ", ".join(mark for mark, holds in marks.items() if holds)


def _rules(contract: Contract, table: SchemaObject) -> Iterator[str]:
    """A line for each rule that the table of columns does not show."""
    marked = {path for path, each in walked(table.properties, stored=True) if each.mandatory}
    others = {None: "may be there", Severity.WARNING: "are told", Severity.ERROR: "may not be"}
    yield f"- Columns that are not listed here {others[table.additional]}."
    for rule in rules(contract, table.name, standalone=True):
        if isinstance(rule, Required) and rule.bound == NONE_ALLOWED and rule.column in marked:
            continue
        if not isinstance(rule, Schema):
            yield from _rule(rule)


def _rule(rule: Rule) -> Iterator[str]:
    about = [each for each in (rule.dimension,) if each]
    if rule.severity is Severity.WARNING and not isinstance(rule, Text):
        about.append("a warning only")
    if isinstance(rule, Text | Unsupported):
        about.append("for people: nothing checks it")
    if rule.schedule:
        about.append(f"when due: {rule.schedule}")
    told = "; ".join([rule.message[:1].upper() + rule.message[1:], *_more(rule)])
    aside = _text(", ".join(about))
    yield f"- {_text(told)} ({aside})" if aside else f"- {_text(told)}"
    if isinstance(rule, Sql):
        yield from ("", *(f"  {line}" for line in _fenced(rule.query)), "")


def _more(rule: Rule) -> Iterator[str]:
    """What a rule's own sentence does not say of it."""
    match rule:
        case Missing() if rule.values:
            yield f"missing is {', '.join(map(repr, rule.values))} too"
        case Allowed():
            if len(rule.values) > _SHOWN:
                yield f"that is {shown(rule.values, len(rule.values))}"
            if rule.pattern:
                yield f"each matches {rule.pattern}"
        case Sql():
            bound = rule.bound if rule.bound is not None else rule.equals
            yield "the answer is true" if bound is None else f"the answer is {bound}"
        case Code():
            given = ", ".join(f"{name}={value!r}" for name, value in rule.arguments)
            yield f"{rule.engine} {rule.file}::{rule.name}({given}), {rule.bound} failing"
        case Unsupported():
            yield rule.reason
    if rule.business_impact:
        yield f"otherwise: {rule.business_impact}"


def _fenced(text: str) -> Iterator[str]:
    fence = "`" * max([3, *(len(run) + 1 for run in re.findall("`+", text))])
    yield from (f"{fence}sql", *text.strip().splitlines(), fence)


def _level(level: ServiceLevel) -> str:
    unit = _UNITS.get(level.unit or "", level.unit or "")
    plural = "s" if unit and level.value not in (1, "1") and not unit.endswith("s") else ""
    value = f"{_text(level.value)} {_text(unit)}{plural}".strip()
    of = f", by `{_code(level.element)}`" if level.element else ""
    told = level.rest.get("description")
    return f"**{_text(level.name)}**: {value}{of}{f'. {_text(told)}' if told else ''}"


def _people(contract: Contract) -> list[str]:
    lines: list[str] = []
    team = contract.rest.get("team")
    members = team.get("members", []) if isinstance(team, Mapping) else team or []
    named = [each for each in members if isinstance(each, Mapping)]
    support = [each for each in contract.rest.get("support") or () if isinstance(each, Mapping)]
    if named or support:
        lines += ["", "## Whom to ask", ""]
    for each in named:
        who = each.get("name") or each.get("username") or ""
        role = f", {_text(each['role'])}" if each.get("role") else ""
        lines.append(f"- {_text(who)}{role}")
    for each in support:
        url = f": {_text(each['url'])}" if each.get("url") else ""
        lines.append(f"- {_text(each.get('channel', ''))}{url}")
    return lines


def _text(value: Any) -> str:
    """A text of a contract in one line of Markdown, as the text it is."""
    line = " ".join(str(value).split())
    return re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", line)


def _code(value: Any) -> str:
    """A text between backticks, in a table too."""
    return " ".join(str(value).split()).replace("`", "'").replace("|", "\\|")
