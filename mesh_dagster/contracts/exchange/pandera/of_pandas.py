"""A contract as a schema of pandera.pandas.

In pandas NaN is a null, so it is one here. Types are compared as Arrow has them: an int64, an
Int64 and an int64[pyarrow] column are each a bigint, a moment is one in whatever unit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import pandas as pd
import pandera.pandas as pa

from mesh_dagster.contracts.audit.data.of_pandas import as_polars
from mesh_dagster.contracts.exchange.pandera.backend import Check, RowBackend
from mesh_dagster.contracts.exchange.pandera.parts import keeping, keeps, native_checks
from mesh_dagster.contracts.rules.kinds import Expected, Pattern, Rule, Schema, Unique


class _Pandas(RowBackend):
    pa: ClassVar[Any] = pa
    of_rows: ClassVar[Mapping[str, Any]] = {"ignore_na": False}

    def dtype(self, column: Expected) -> None:
        return None

    def says(self, schema: Schema) -> bool:
        return False

    def native(self, rule: Rule) -> list[Any] | None:
        # Python's regular expressions are others than those of the contract.
        is_pattern = isinstance(rule, Pattern)
        return None if is_pattern else native_checks(pa.Check, rule, nan_is_null=True)

    def by_row(self, rule: Rule) -> Check:
        def check(series: pd.Series[Any]) -> pd.Series[bool]:
            kept = keeping(rule, as_polars(series.to_frame(rule.column)))
            return pd.Series(kept.to_list(), index=series.index, dtype=bool)

        return check

    def is_first(self, rule: Unique) -> Check:
        keys = list(rule.columns)

        def check(data: pd.DataFrame) -> pd.Series[bool]:
            return data[keys].isna().any(axis=1) | ~data.duplicated(keys)

        return check

    def whole(self, rule: Rule) -> Check:
        def check(data: pd.DataFrame) -> bool:
            return keeps(rule, as_polars(data).lazy())

        return check


schema_of = _Pandas().schema_of
