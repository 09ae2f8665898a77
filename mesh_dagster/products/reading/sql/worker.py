"""The process in which one query of somebody runs, started with `python -m`.

A process of its own, because nothing less keeps the promises: DuckDB's memory limit knows nothing
of a text of two gigabytes that one function makes, nor is it interrupted within one.

It reads the query, says what it asks for, reads which files those tables are made of, and writes
the rows as an Arrow stream; why there are none, or no more, is one JSON document on stderr.
"""

from __future__ import annotations

import json
import logging
import signal
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from mesh_dagster.contracts.confined import end_with_parent, limit_memory
from mesh_dagster.contracts.locked import locked
from mesh_dagster.errors import LONGEST_LINE
from mesh_dagster.ports.sql import quoted, relation
from mesh_dagster.products.reading.sql.folder import MEMORIES
from mesh_dagster.products.reading.sql.plan import Reaching, Refused, asked

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

BATCH = 10_000


def main() -> None:
    """Answer one query, and end."""
    logging.disable(logging.CRITICAL)
    # Ctrl-C is the parent's: it decides what becomes of the query.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    opening = json.loads(sys.stdin.readline())
    folder = Path(opening["folder"])
    end_with_parent(folder)
    limit_memory(opening["megabytes"])
    try:
        found = asked(opening["sql"])
    except Reaching as reaching:
        _fail("reaching", reaching)
    except Refused as refused:
        _fail("refused", refused)
    except Exception as error:  # noqa: BLE001 - whatever a parser raises, told in one line
        _fail("memory" if "memory" in type(error).__name__.lower() else "parsing", error)
    said = {
        "tables": found.tables,
        "words": found.words,
        "everything": found.everything,
        "bare": found.bare,
    }
    out = sys.stdout.buffer
    out.write(json.dumps(said).encode() + b"\n")
    out.flush()
    line = sys.stdin.readline()
    if line:
        _answer(found.sql, json.loads(line), opening, out)


def _answer(
    sql: str, tables: list[Mapping[str, Any]], opening: Mapping[str, Any], out: BinaryIO
) -> None:
    import duckdb

    try:
        with _connection(tables, opening) as connection:
            reader = connection.sql(sql).to_arrow_reader(BATCH)
            _write(reader, out)
    except BrokenPipeError:
        raise SystemExit(0) from None  # enough rows were read
    except (duckdb.OutOfMemoryException, MemoryError) as error:
        _fail("memory", error)
    except duckdb.Error as error:
        _fail(type(error).__name__, error)
    except Exception as error:  # noqa: BLE001 - whatever an engine raises, told in one line
        _fail("memory" if "alloc" in str(error).lower() else type(error).__name__, error)


def _connection(
    tables: Iterable[Mapping[str, Any]], opening: Mapping[str, Any]
) -> duckdb.DuckDBPyConnection:
    """A locked connection that has the tables, and can open the files they are made of."""
    megabytes, folder = opening["megabytes"], opening["folder"]
    connection = locked(
        folder=f"{folder}/spill",
        allowed_paths=[file for table in tables for file in table["files"]],
        memory_limit=f"{megabytes}MB",
        threads=opening["threads"],
        temp_directory=f"{folder}/spill",
        max_temp_directory_size=f"{MEMORIES * megabytes}MB",
        python_enable_replacements=False,
    )
    for table in tables:
        schema, name = quoted(table["schema"]), quoted(table["name"])
        body = quoted(f"__{table['schema']}__{table['name']}")
        relation(connection, table["files"], table["columns"]).create_view(body[1:-1])
        connection.execute(f"create schema if not exists {schema}")
        connection.execute(f"create view {schema}.{name} as from {body}")
    return connection


def _write(reader: pa.RecordBatchReader, out: BinaryIO) -> None:
    import pyarrow as pa

    names = _distinct(reader.schema.names)
    schema = pa.schema(
        [field.with_name(name) for field, name in zip(reader.schema, names, strict=True)]
    )
    with pa.ipc.new_stream(out, schema) as writer:
        out.flush()
        for batch in reader:
            writer.write_batch(batch.rename_columns(names))
            out.flush()


def _distinct(names: Iterable[str]) -> list[str]:
    """Names of which none is twice: a result may well have two columns of one name."""
    found: dict[str, None] = {}
    for name in names:
        at, free = 0, name
        while free in found:
            at += 1
            free = f"{name}_{at}"
        found[free] = None
    return list(found)


def _fail(kind: str, error: BaseException) -> None:
    """Say why, and end: nothing that follows would be the answer."""
    told = {"kind": kind, "message": str(error)[: 4 * LONGEST_LINE]}
    sys.stderr.write(json.dumps(told))
    sys.stderr.flush()
    raise SystemExit(1)


if __name__ == "__main__":
    main()
