"""The checks of a pandera schema that a team wrote itself, run through pandera."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import polars as pl

from mesh_dagster.contracts.exchange.pandera.reading import FromPandera, is_own, name_of_check
from mesh_dagster.errors import first_line


def own_results(found: FromPandera, data: Any) -> dict[str, str | None]:
    """By name of each of the schema's own checks: what is wrong, or None.

    What a check runs into is its answer too; nothing is raised.
    """
    schema = _only_own(found.schema)
    answers: dict[str, str | None] = dict.fromkeys(found.own)
    try:
        schema.validate(_native(schema, data), lazy=True)
    except Exception as error:  # noqa: BLE001 - a team's own Python, whatever it raises
        errors = getattr(error, "schema_errors", None)
        if errors is None:
            return dict.fromkeys(found.own, first_line(error))
        for each in errors:
            name = name_of_check(each.check) if each.check is not None else None
            told = first_line(each)
            if name in answers:
                answers[name] = answers[name] or told
            else:
                answers = {key: said or told for key, said in answers.items()}
    return answers


def _only_own(schema: Any) -> Any:
    """The schema without anything that the contract says already."""
    bare = deepcopy(schema)
    bare.strict, bare.unique = False, None
    for column in bare.columns.values():
        column.checks = [check for check in column.checks if is_own(check)]
        column.nullable, column.unique, column.coerce = True, False, False
        column.required = bool(column.checks)
        column.dtype = None
    return bare


def _native(schema: Any, data: Any) -> Any:
    """The data in the words of the schema's backend, in memory."""
    if isinstance(data, pl.LazyFrame):
        data = data.collect()
    of_pandas = ".pandas" in type(schema).__module__
    is_pandas = type(data).__module__.partition(".")[0] == "pandas"
    if not isinstance(data, pl.DataFrame) and not is_pandas:
        import narwhals as nw

        data = nw.from_native(data).lazy().collect("polars").to_native()
    if of_pandas and not is_pandas:
        return data.to_pandas()
    return pl.from_pandas(data) if is_pandas and not of_pandas else data
