"""A contract's query on Spark: where the data is, over temporary views that go away with it.

Spark has no sandbox of ours: what the plan lets through (one SELECT over the tables at hand,
no function that reaches beyond them) is what runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from threading import Thread
from typing import Any
from uuid import uuid4

from mesh_dagster.contracts.audit.owned.bounded import within
from mesh_dagster.contracts.audit.owned.sql.worker import answer_of
from mesh_dagster.errors import first_line


def on_spark(sql: str, views: Mapping[str, Any], seconds: float) -> Mapping[str, Any]:
    """What a query says, as the worker would answer it. `views` are frames of one session."""
    if not views:
        return {"refused": "it reads no table"}
    session = next(iter(views.values())).sparkSession
    tag = f"mesh-{uuid4()}"

    def answer() -> Mapping[str, Any]:
        session.addTag(tag)
        found = session.sql(sql)
        return answer_of([tuple(row) for row in found.take(2)], len(found.columns))

    for name, frame in views.items():
        frame.createOrReplaceTempView(name)
    try:
        return within(seconds, answer)
    except TimeoutError:
        # The cluster is told; whether and when its tasks end is for it to know.
        Thread(target=session.interruptTag, args=(tag,), daemon=True).start()
        return {"error": f"it took longer than {seconds:g} seconds"}
    except Exception as error:  # noqa: BLE001 - whatever the engine raises
        unfit = type(error).__name__ in ("AnalysisException", "ParseException")
        return {"unfit" if unfit else "error": first_line(error)}
    finally:
        for name in views:
            session.catalog.dropTempView(name)
