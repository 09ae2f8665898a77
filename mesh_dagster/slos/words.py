"""What an indicator comes to right now, for people."""

from __future__ import annotations

from datetime import timedelta

from mesh_dagster.model.slo import Indicator, Objective, Tally
from mesh_dagster.slos.history import History
from mesh_dagster.slos.measures import Counted, Measured
from mesh_dagster.slos.spoken import span
from mesh_dagster.slos.timed import newest_facts


def in_words(objective: Objective, history: History, found: Measured, tally: Tally) -> str:
    """One line: the age of the newest fact, how long ago it changed, what is missing."""
    match objective.indicator:
        case Indicator.FRESHNESS | Indicator.FREQUENCY:
            return _of_age(objective, history)
        case Indicator.TIME_TO_REPAIR:
            waits = "something" if found.failing else "nothing"
            limit = span(objective.limit or timedelta())
            return f"{waits} waits in quarantine longer than {limit}"
        case Indicator.TIME_TO_DETECT | Indicator.TIME_TO_NOTIFY:
            return _of_incidents(objective, history)
        case Indicator.AVAILABILITY:
            return _of_reads(objective, history)
    return _of_parts(objective, found, tally)


def _of_age(objective: Objective, history: History) -> str:
    limit = span(objective.limit or timedelta())
    if objective.indicator is Indicator.FREQUENCY:
        ago = span(history.until - history.publications[-1])
        return f"changed {ago} ago, promised every {limit}"
    facts = newest_facts(history)[1]
    newest = facts[-1] if facts else None
    if newest is None:
        return f"nothing at the port is as new as {limit}"
    return f"the newest fact is {span(history.until - newest)} old, promised {limit}"


def _of_parts(objective: Objective, found: Measured, tally: Tally) -> str:
    bad = found.bad if isinstance(found, Counted) else ()
    what = {
        Indicator.LATENCY: f"later than {span(objective.limit or timedelta())}",
        Indicator.COMPLETENESS: "missing",
        Indicator.ACCURACY: "not as promised",
        Indicator.ROW_ACCURACY: "rows that a rule looked at broke it",
        Indicator.SHAPE: "shaped otherwise",
        Indicator.LINEAGE: "whose lineage has not arrived",
    }[objective.indicator]
    told = f"{tally.bad:,} of {tally.total:,} {what}"
    names = ", ".join(each.name for each in bad[-3:])
    return f"{told}: {names}" + (" and more" if len(bad) > 3 else "") if bad else told


def _of_reads(objective: Objective, history: History) -> str:
    of_port = (each for each in history.probes if each.port == objective.port)
    last = [each for each in of_port if each.since <= history.until][-1]
    if not last.answered:
        return f"no answer since {last.since:%Y-%m-%d %H:%M} UTC: {last.error}"
    took = span(timedelta(seconds=last.seconds))
    if last.reads == 1:
        return f"the last read was answered, in {took}"
    return f"the last {last.reads:,} reads were answered, in {took} on average"


def _of_incidents(objective: Objective, history: History) -> str:
    limit = objective.limit or timedelta()
    if objective.indicator is Indicator.TIME_TO_DETECT:
        took = [each.opened - each.began for each in history.incidents]
        what = "noticed"
    else:
        took = [
            history.until - each.opened if each.told is None else each.told
            for each in history.incidents
            if each.told is not None or each.closed is None
        ]
        what = "told of"
    late = sum(each > limit for each in took)
    return f"{late:,} of {len(took):,} incidents {what} later than {span(limit)}"
