"""pandera: `PANDERA_ENGINE` says whether on Polars or on pandas."""

from __future__ import annotations

import os

os.environ["PANDERA_VALIDATION_DEPTH"] = "SCHEMA_AND_DATA"
os.environ["DISABLE_PANDERA_IMPORT_WARNING"] = "True"

from datetime import UTC, datetime, timedelta

from orders import EMAIL, FRESH_DAYS, LONGEST_EMAIL, LONGEST_NOTE, MOST, STATUSES
from side import answer, table

asked = table()
oldest = datetime.now(UTC).replace(tzinfo=None) - timedelta(days=FRESH_DAYS)
on_polars = os.environ["PANDERA_ENGINE"] == "polars"
if on_polars:
    import pandera.polars as pa
    import polars as pl

    data = pl.scan_parquet(asked.glob)
    types = [pl.Int64, pl.Int64, pl.String, pl.Float64, pl.String, pl.Datetime("us"), pl.String]
    count = pa.Check(lambda held: held.lazyframe.select(pl.len() == asked.rows), name="row_count")
    fresh = pa.Check(
        lambda held: held.lazyframe.select(pl.col("created_at").max() >= oldest), name="freshness"
    )
else:
    import pandas as pd
    import pandera.pandas as pa

    data = pd.read_parquet(asked.files)
    moment = data["created_at"].dtype
    types = ["Int64", "Int64", str, float, str, moment, str]
    data = data.astype({"id": "Int64", "customer": "Int64"})
    count = pa.Check(lambda held: len(held) == asked.rows, name="row_count")
    fresh = pa.Check(lambda held: held["created_at"].max() >= oldest, name="freshness")

id_, customer, email, amount, status, created_at, note = types
schema = pa.DataFrameSchema(
    {
        "id": pa.Column(id_, nullable=False, unique=True, report_duplicates="exclude_first")
        if not on_polars
        else pa.Column(id_, nullable=False, unique=True),
        "customer": pa.Column(customer, pa.Check.ge(1), nullable=False),
        "email": pa.Column(
            email,
            [pa.Check.str_matches(EMAIL), pa.Check.str_length(max_value=LONGEST_EMAIL)],
            nullable=False,
        ),
        "amount": pa.Column(amount, pa.Check.in_range(0, MOST), nullable=False),
        "status": pa.Column(status, pa.Check.isin(STATUSES), nullable=False),
        "created_at": pa.Column(created_at, pa.Check.ge(datetime(2000, 1, 1)), nullable=True),  # noqa: DTZ001
        "note": pa.Column(note, pa.Check.str_length(max_value=LONGEST_NOTE), nullable=True),
    },
    checks=[count, fresh],
    strict=True,
)
NAMES = {
    ("id", "not_nullable"): "id_required",
    ("id", "field_uniqueness"): "id_unique",
    ("customer", "not_nullable"): "customer_required",
    ("customer", "greater_than_or_equal_to"): "customer_range",
    ("email", "not_nullable"): "email_required",
    ("email", "str_matches"): "email_pattern",
    ("email", "str_length"): "email_length",
    ("amount", "not_nullable"): "amount_required",
    ("amount", "in_range"): "amount_range",
    ("status", "not_nullable"): "status_required",
    ("status", "isin"): "status_allowed",
    ("created_at", "greater_than_or_equal_to"): "created_at_range",
    ("note", "str_length"): "note_length",
}
found: dict[str, int | None] = dict.fromkeys(
    ["schema", "row_count", "created_at_freshness", *NAMES.values()], 0
)
try:
    checked = schema.validate(data, lazy=True)
    if on_polars:
        checked.select(pl.len()).collect()
except pa.errors.SchemaErrors as errors:
    for error in errors.schema_errors:
        named = str(getattr(error.check, "name", error.check)).split("(")[0]
        cases = error.failure_cases
        number = len(cases) if hasattr(cases, "__len__") else 1
        rule = NAMES.get((error.schema.name, named), named)
        found[{"freshness": "created_at_freshness"}.get(rule, rule)] = number
answer(found)
