"""Great Expectations: the same promises as expectations, on a pandas frame of the files."""

from __future__ import annotations

import logging
import os

os.environ["GX_ANALYTICS_ENABLED"] = "false"

from datetime import UTC, datetime, timedelta

import great_expectations as gx
import great_expectations.expectations as gxe
import pandas as pd
from orders import EMAIL, FRESH_DAYS, LONGEST_EMAIL, LONGEST_NOTE, MOST, STATUSES
from side import answer, table

logging.disable(logging.CRITICAL)
asked = table()
oldest = datetime.now(UTC).replace(tzinfo=None) - timedelta(days=FRESH_DAYS)
names = ["id", "customer", "email", "amount", "status", "created_at", "note"]
expectations = {
    "schema": gxe.ExpectTableColumnsToMatchOrderedList(column_list=names),
    "id_unique": gxe.ExpectColumnValuesToBeUnique(column="id"),
    "customer_range": gxe.ExpectColumnValuesToBeBetween(column="customer", min_value=1),
    "email_length": gxe.ExpectColumnValueLengthsToBeBetween(
        column="email", max_value=LONGEST_EMAIL
    ),
    "email_pattern": gxe.ExpectColumnValuesToMatchRegex(column="email", regex=EMAIL),
    "amount_range": gxe.ExpectColumnValuesToBeBetween(column="amount", min_value=0, max_value=MOST),
    "status_allowed": gxe.ExpectColumnValuesToBeInSet(column="status", value_set=list(STATUSES)),
    "created_at_range": gxe.ExpectColumnValuesToBeBetween(
        column="created_at",
        min_value=datetime(2000, 1, 1),  # noqa: DTZ001
    ),
    "note_length": gxe.ExpectColumnValueLengthsToBeBetween(column="note", max_value=LONGEST_NOTE),
    "row_count": gxe.ExpectTableRowCountToEqual(value=asked.rows),
    "created_at_freshness": gxe.ExpectColumnMaxToBeBetween(column="created_at", min_value=oldest),
} | {
    f"{name}_required": gxe.ExpectColumnValuesToNotBeNull(column=name)
    for name in ("id", "customer", "email", "amount", "status")
}
context = gx.get_context(mode="ephemeral")
context.variables.progress_bars = {"globally": False}
asset = context.data_sources.add_pandas("bench").add_dataframe_asset("orders")
batch = asset.add_batch_definition_whole_dataframe("all")
suite = context.suites.add(gx.ExpectationSuite("orders"))
for rule, each in expectations.items():
    each.meta = {"rule": rule}
    suite.add_expectation(each)
validation = context.validation_definitions.add(
    gx.ValidationDefinition(name="orders", data=batch, suite=suite)
)
result = validation.run(
    batch_parameters={"dataframe": pd.read_parquet(asked.files)}, result_format="BASIC"
)
found: dict[str, int | None] = {}
for each in result.results:
    rule = each.expectation_config.meta["rule"]
    failed = each.result.get("unexpected_count")
    found[rule] = int(not each.success) if failed is None else int(failed)
answer(found)
