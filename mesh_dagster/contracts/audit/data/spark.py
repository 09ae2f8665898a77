"""What Spark reads otherwise than Polars: moments, types, patterns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import narwhals as nw

from mesh_dagster.contracts.audit.data.java import for_java
from mesh_dagster.contracts.rules.kinds import Allowed, Counted, Format, Pattern
from mesh_dagster.errors import EvaluationError

_ZONE = "spark.sql.session.timeZone"
_UTC = ("UTC", "Etc/UTC", "Z", "+00:00", "GMT")


def in_utc(native: Any, schema: Mapping[str, nw.dtypes.DType]) -> dict[str, nw.dtypes.DType]:
    """The columns as they are stored: a moment is one in UTC, whatever the session shows.

    Raises `EvaluationError` where the session's time zone is another: it would cut days there.
    """
    moments = [
        name for name, dtype in schema.items() if isinstance(dtype, nw.Datetime) and dtype.time_zone
    ]
    zone = str(native.sparkSession.conf.get(_ZONE))
    if moments and zone not in _UTC:
        raise EvaluationError(
            f"the Spark session has the time zone {zone}, and days and ranges of "
            f"{', '.join(moments)} are told in UTC",
            code="MESH-C070",
            fix=f'spark.conf.set("{_ZONE}", "UTC")',
        )
    return {**schema, **dict.fromkeys(moments, nw.Datetime("us", "UTC"))}


def spoken(rule: Counted) -> Counted:
    """The rule with its patterns in Java's language. Raises `ValueError` where there is no such."""
    match rule:
        case Pattern():
            return replace(rule, pattern=for_java(rule.pattern))
        case Allowed() if rule.pattern:
            return replace(rule, pattern=for_java(rule.pattern))
        case Format():
            return replace(
                rule,
                patterns=tuple(map(for_java, rule.patterns)),
                refused=tuple(map(for_java, rule.refused)),
            )
    return rule
