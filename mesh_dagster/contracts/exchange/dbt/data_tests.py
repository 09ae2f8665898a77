"""dbt's data tests -> promises. What asks less than a promise would is told in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mesh_dagster.contracts.exchange.dbt.parts import (
    Reading,
    items,
    link,
    mapping,
    no_repeats,
    referred,
)

_TESTS_HELD = ("not_null", "unique", "accepted_values", "relationships")
_NARROWS = ("where", "error_if", "warn_if", "limit", "fail_calc")
_CONFIG = ("enabled", "severity", *_NARROWS, "store_failures", "store_failures_as")
_ABOUT = ("config", "name", "description", "tags", "alias", "meta", "group", "database", "schema")


@dataclass(frozen=True, slots=True)
class Test:
    """One data test, whatever of dbt's spellings it was written in."""

    name: str
    arguments: Mapping[str, Any]
    config: Mapping[str, Any]

    @property
    def severity(self) -> str:
        return str(self.config.get("severity", "error")).lower()

    @property
    def warns(self) -> bool:
        return self.severity == "warn"

    @property
    def whole(self) -> bool:
        """Whether it is about all rows, fails at the first one, and nothing else decides that."""
        decided = self.config.get("enabled", True) is True and self.severity in ("error", "warn")
        return decided and not any(key in self.config for key in _NARROWS)


def tests_of(node: Mapping[str, Any], path: str, reading: Reading) -> Iterator[Test]:
    """The data tests of a model or column that dbt may run."""
    for given in [*items(node.get("data_tests")), *items(node.get("tests"))]:
        if isinstance(given, str):
            yield Test(given, {}, {})
        elif isinstance(given, dict):
            name, said = _named(given)
            inner = mapping(said.get("arguments"))
            loose = {key: said[key] for key in said if key not in _ABOUT and key not in _CONFIG}
            loose.pop("arguments", None)
            top = {key: said[key] for key in _CONFIG if key in said}
            config = {**top, **mapping(said.get("config"))}
            if config.get("enabled") is False:
                reading.notes.append(f"{path}: the data test {name} is disabled")
            else:
                yield Test(name, {**loose, **inner}, config)


def _named(given: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """`{unique: {...}}`, or `{name: ..., test_name: unique, ...}`."""
    if "test_name" in given:
        rest = {key: value for key, value in given.items() if key != "test_name"}
        return str(given["test_name"]), rest
    name = next(iter(given), "")
    return str(name), mapping(given.get(name))


def of_column_test(
    test: Test, document: dict[str, Any], path: str, reading: Reading
) -> Iterator[dict[str, Any]]:
    if test.name not in _TESTS_HELD or not test.whole:
        yield _in_words(test, path, reading)
        return
    match test.name:
        case "not_null" if not test.warns:
            document["required"] = True
        case "not_null":
            yield {"metric": "nullValues", "mustBe": 0, "severity": "warning"}
        case "unique" if not test.warns:
            document["unique"] = True
        case "unique":
            yield {"metric": "duplicateValues", "mustBe": 0, "severity": "warning"}
        case "accepted_values":
            yield from _accepted(test, document, path, reading)
        case "relationships":
            if target := referred(test.arguments.get("to"), reading):
                link(document, f"{target}.{test.arguments.get('field')}", warns=test.warns)
            else:
                yield _in_words(test, path, reading)


def _accepted(
    test: Test, document: dict[str, Any], path: str, reading: Reading
) -> Iterator[dict[str, Any]]:
    values = test.arguments.get("values")
    if not isinstance(values, list) or not values:
        yield _in_words(test, path, reading)
    elif test.warns or "enum" in document:
        arguments = {"validValues": values}
        severity = {"severity": "warning"} if test.warns else {}
        yield {"metric": "invalidValues", "arguments": arguments, "mustBe": 0, **severity}
    else:
        document["enum"] = [{"value": each} for each in values]


def of_table_test(test: Test, model: str, reading: Reading) -> Iterator[dict[str, Any]]:
    columns = [str(each) for each in items(test.arguments.get("combination_of_columns"))]
    if test.name.endswith("unique_combination_of_columns") and test.whole and columns:
        reading.notes.append(
            f"{model}: rows with a null in ({', '.join(columns)}) as "
            "duplicates: to dbt they are, to a contract not"
        )
        yield no_repeats(columns, warns=test.warns)
    else:
        yield _in_words(test, model, reading)


def _in_words(test: Test, path: str, reading: Reading) -> dict[str, Any]:
    given = ", ".join(f"{key}: {value}" for key, value in test.arguments.items())
    limits = ", ".join(
        f"{key}: {test.config[key]}"
        for key in ("enabled", "severity", *_NARROWS)
        if key in test.config
    )
    told = " ".join(f"{test.name}({given}){f' with {limits}' if limits else ''}".split())
    reading.notes.append(f"{path}: the data test {told[:200]}; dbt runs it, the contract names it")
    return {"type": "text", "description": f"dbt data test {told}"}
