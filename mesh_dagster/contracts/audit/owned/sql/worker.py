"""The process in which the queries of contracts run: `python -m ...sql.worker`.

A process of its own, because nothing less keeps the promises: DuckDB's memory limit knows
nothing of a text of two gigabytes that one function makes, nor is it interrupted within one.
What grows beyond the limit, crashes or hangs ends this process, and is one rule's error.

It reads one JSON document a line and answers each with one. It has a folder of its own with
the data under audit as Parquet files, and can open nothing else.
"""

from __future__ import annotations

import json
import logging
import math
import sys
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from threading import Timer
from typing import TYPE_CHECKING, Any

from mesh_dagster.contracts.audit.owned.sql.plan import Absent, Refused, plan
from mesh_dagster.contracts.confined import end_with_parent, limit_memory
from mesh_dagster.contracts.locked import locked
from mesh_dagster.errors import first_line

if TYPE_CHECKING:
    import duckdb

_LONGEST = 200


def main() -> None:
    """Answer until the input ends."""
    logging.disable(logging.CRITICAL)
    end_with_parent()
    connection: duckdb.DuckDBPyConnection | None = None
    for line in sys.stdin:
        asked = json.loads(line)
        match asked.pop("do"):
            case "open":
                connection = _opened(**asked)
                answer: Mapping[str, Any] = {"ok": True}
            case "plan":
                answer = _planned(asked)
            case _:
                if connection is None:
                    raise RuntimeError("nothing is open")
                answer = _answered(connection, **asked)
        print(json.dumps(answer), flush=True)  # noqa: T201 - this is its protocol


def _opened(folder: str, megabytes: int, threads: int) -> duckdb.DuckDBPyConnection:
    limit_memory(megabytes)
    return locked(
        folder=folder,
        memory_limit=f"{megabytes}MB",
        threads=threads,
        temp_directory=f"{folder}/spill",
        max_temp_directory_size=f"{4 * megabytes}MB",
        python_enable_replacements=False,
    )


def _planned(asked: dict[str, Any]) -> Mapping[str, Any]:
    try:
        planned = plan(**asked)
    except Absent as absent:
        return {"absent": str(absent)}
    except Refused as refused:
        return {"refused": str(refused)}
    except RecursionError:
        return {"refused": "it is nested too deeply"}
    except Exception as error:  # noqa: BLE001 - a parser's, whatever it raises
        return {"refused": f"it could not be read: {first_line(error)}"}
    return {"sql": planned.sql, "needs": planned.needs}


def _answered(
    connection: duckdb.DuckDBPyConnection, sql: str, views: Mapping[str, str], seconds: float
) -> Mapping[str, Any]:
    """The value of a query's one row and column. `views` are the tables, as queries."""
    import duckdb

    timer = Timer(seconds, connection.interrupt)
    timer.daemon = True
    timer.start()
    try:
        for name, body in views.items():
            quoted = name.replace('"', '""')
            connection.execute(f'create or replace temp view "{quoted}" as {body}')
        found = connection.execute(sql)
        width = len(found.description or ())
        rows = found.fetchmany(2)
    except duckdb.InterruptException:
        return {"error": f"it took longer than {seconds:g} seconds"}
    except (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException) as error:
        return {"unfit": first_line(error)}
    except (duckdb.OutOfMemoryException, MemoryError):
        return {"error": "it takes more memory than a query may have"}
    except Exception as error:  # noqa: BLE001 - whatever the engine raises
        return {"error": first_line(error)}
    finally:
        timer.cancel()
    return answer_of(rows, width)


def answer_of(rows: Sequence[Sequence[Any]], width: int) -> Mapping[str, Any]:
    """The one value of a result, of which at most two rows were fetched."""
    if len(rows) != 1 or width != 1:
        count = "no row" if not rows else "one row" if len(rows) == 1 else "several rows"
        return {"shape": f"{count} of {width} column{'s' if width != 1 else ''}"}
    return _plain(rows[0][0])


def _plain(value: Any) -> Mapping[str, Any]:
    """A value as JSON holds it, and of which kind it is."""
    kind, told = "other", f"a {type(value).__name__}"
    match value:
        case None:
            return {"kind": "null"}
        case bool():
            return {"kind": "boolean", "value": value}
        case float() if not math.isfinite(value):
            kind, told = "text", str(value)
        case int() | float() | Decimal():
            kind, told = "number", str(value)
        case timedelta():
            kind, told = "number", str(value.total_seconds())
        case datetime() | date() | time():
            kind, told = "text", value.isoformat()
        case str():
            kind, told = "text", value
    return {"kind": kind, "value": told[:_LONGEST]}


if __name__ == "__main__":
    main()
