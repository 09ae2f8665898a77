"""The sixteen rules by hand: one streaming query of Polars, as somebody writes it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
from orders import EMAIL, FRESH_DAYS, LONGEST_EMAIL, LONGEST_NOTE, MOST, STATUSES
from side import answer, table

asked = table()
email, amount, status = pl.col("email"), pl.col("amount"), pl.col("status")
data = pl.scan_parquet(asked.glob)
text = pl.String() if asked.ids == "text" else pl.Int64()
types = {
    "id": text,
    "customer": pl.Int64(),
    "email": pl.String(),
    "amount": pl.Float64(),
    "status": pl.String(),
    "created_at": pl.Datetime("us"),
    "note": pl.String(),
}
counts = {
    "id_required": pl.col("id").is_null().sum(),
    "id_unique": pl.col("id").count() - pl.col("id").drop_nulls().n_unique(),
    "customer_required": pl.col("customer").is_null().sum(),
    "customer_range": (pl.col("customer") < 1).sum(),
    "email_required": email.is_null().sum(),
    "email_length": (email.str.len_chars() > LONGEST_EMAIL).sum(),
    "email_pattern": (~email.str.contains(EMAIL)).sum(),
    "amount_required": amount.is_null().sum(),
    "amount_range": (~amount.is_between(0, MOST)).sum(),
    "status_required": status.is_null().sum(),
    "status_allowed": (~status.is_in(STATUSES)).sum(),
    "created_at_range": (pl.col("created_at") < datetime(2000, 1, 1)).sum(),  # noqa: DTZ001
    "note_length": (pl.col("note").str.len_chars() > LONGEST_NOTE).sum(),
    "newest": pl.col("created_at").max(),
    "rows": pl.len(),
}
found = data.select(**counts).collect(engine="streaming").row(0, named=True)
now = datetime.now(UTC).replace(tzinfo=None)
found["schema"] = int(dict(data.collect_schema()) != types)
found["row_count"] = int(found.pop("rows") != asked.rows)
found["created_at_freshness"] = int(now - found.pop("newest") > timedelta(days=FRESH_DAYS))
answer(found)
