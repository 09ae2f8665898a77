"""The driver alone: one select over the same rows, read to its end, and nothing made of them."""

from __future__ import annotations

import sys

from stopwatch import timed

_COLUMNS = (
    "d.product, d.partition, d.outcome, p.at, d.event_max, d.publication, d.failed, d.attempt"
)
_QUERY = (
    "SELECT {columns} FROM {schema}decisions d JOIN {schema}publications p"
    " ON p.product = d.product AND p.number = d.publication"
)


def main(url: str) -> None:
    if url.startswith("sqlite"):
        import sqlite3

        connection = sqlite3.connect(url.removeprefix("sqlite:///"))
        cursor, schema = connection.cursor(), ""
    else:
        import psycopg

        connection = psycopg.connect(url.replace("+psycopg", ""))
        cursor, schema = connection.cursor("rows"), "shop."
    with timed() as counted:
        cursor.execute(_QUERY.format(columns=_COLUMNS, schema=schema))
        while rows := cursor.fetchmany(5000):
            counted["rows"] += len(rows)


main(sys.argv[1])
