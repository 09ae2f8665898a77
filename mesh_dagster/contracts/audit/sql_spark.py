"""A contract's query on Spark: where the data is, over temporary views that go away with it.

Spark has no sandbox of ours: what the plan lets through (one SELECT over the tables at hand,
no function that reaches beyond them) is what runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from threading import Timer
from typing import Any
from uuid import uuid4

from mesh_dagster.contracts.audit.sql_worker import answer_of


def on_spark(sql: str, views: Mapping[str, Any], seconds: float) -> Mapping[str, Any]:
    """What a query says, as the worker would answer it. `views` has at least one frame."""
    if not views:
        return {"refused": "it reads no table"}
    session = next(iter(views.values())).sparkSession
    for name, frame in views.items():
        frame.createOrReplaceTempView(name)
    tag, late = f"mesh-{uuid4()}", []

    def stop() -> None:
        late.append(tag)
        session.interruptTag(tag)

    timer = Timer(seconds, stop)
    timer.daemon = True
    session.addTag(tag)
    timer.start()
    try:
        found = session.sql(sql)
        width = len(found.columns)
        return answer_of([tuple(row) for row in found.take(2)], width)
    except Exception as error:  # noqa: BLE001 - whatever the engine raises
        if late:
            return {"error": f"it took longer than {seconds:g} seconds"}
        unfit = type(error).__name__ in ("AnalysisException", "ParseException")
        return {"unfit" if unfit else "error": _first(error)}
    finally:
        timer.cancel()
        session.removeTag(tag)
        for name in views:
            session.catalog.dropTempView(name)


def _first(error: BaseException) -> str:
    return next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
