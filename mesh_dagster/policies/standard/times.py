"""The two times of every fact: when it happened, and when the mesh was told."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mesh_dagster.model.contract import RECORDED_AT, Property, SchemaObject
from mesh_dagster.model.finding import Finding
from mesh_dagster.model.policy import Moment
from mesh_dagster.model.types import Kind
from mesh_dagster.policies.examples import COLUMNS, ORDERS, column, contract, described, example
from mesh_dagster.policies.policy import Policy
from mesh_dagster.policies.standard.columns import stated_columns, stated_contracts
from mesh_dagster.policies.standard.severities import ADVISED, WANTED
from mesh_dagster.policies.view import View

_MOMENTS = (Kind.DATE, Kind.TIMESTAMP, Kind.TIMESTAMPTZ)
_RECORDED = re.compile(
    r"_*(?:etl|load|loaded|ingested|ingestion|inserted|extracted|row_created|record_created)"
    r"_(?:at|on|date|time|ts)"
)


class EventTime(Policy):
    """A port whose rows have moments says which of them is the time of the fact.

    The contract names it with the custom property `eventTime` of the schema object, and the
    column is `required`. By it data is read for a time (`event_from`, `event_to`), and freshness
    and skew are measured. A table of things without any moment, such as a list of airports, has
    none: there the time at which it was recorded says all.
    """

    id = "event-time-named"
    rationale = "Data of two products can be compared only for the same time."
    moments = frozenset({Moment.BUILD})
    severity = WANTED

    def check(self, view: View) -> Iterator[Finding]:
        for port, stated in stated_contracts(view):
            for table in stated.schema[:1]:
                yield from self._of_table(view, port, table)

    def _of_table(self, view: View, port: str, table: SchemaObject) -> Iterator[Finding]:
        if table.event_time is not None:
            named = table.find(table.event_time)
            if named is not None and not named.mandatory:
                told = f"`eventTime` is the column `{named.name}`, which may be empty"
                fix = "required: true"
                yield self.finding(view, told, port=port, where=named.where, fix=fix)
            return
        found = [each for each in table.properties if _is_moment(each)]
        if found:
            names = ", ".join(f"`{each.name}`" for each in found[:3])
            likely = min(found, key=lambda each: (not each.mandatory, _is_day(each)))
            yield self.finding(
                view,
                f"its rows have moments ({names}), and nothing says which is that of the fact",
                port=port,
                where=table.where,
                fix=f"customProperties: [{{property: eventTime, value: {likely.name}}}]",
            )

    @staticmethod
    def passing() -> View:
        return example()

    @staticmethod
    def failing() -> View:
        stated = contract(ORDERS, table={"event_time": None})
        return example(described(contracts={"": stated}))


class RecordedTime(Policy):
    """The time of recording is the platform's column, and there is no second one.

    Every port has `_recorded_at`, which says when the attempt began that brought the row. A column
    such as `loaded_at` or `ingested_at` says the same another way, and is wrong whenever data is
    made anew. What the source system recorded is a fact about the source: name it for that.
    """

    id = "recorded-time-once"
    rationale = "When the mesh learnt of something is asked of all products by one name."
    moments = frozenset({Moment.BUILD})
    severity = ADVISED

    def check(self, view: View) -> Iterator[Finding]:
        for port, each in stated_columns(view):
            if _RECORDED.fullmatch(each.column.lower()) and _is_moment(each):
                yield self.finding(
                    view,
                    f"the column `{each.column}` is a second time of recording; every port has "
                    f"`{RECORDED_AT}`",
                    port=port,
                    where=each.where,
                    fix=f"leave it out and read {RECORDED_AT}, or name it for the source's event",
                )

    @staticmethod
    def passing() -> View:
        return example()

    @staticmethod
    def failing() -> View:
        return example(columns=[*COLUMNS, column("loaded_at", "timestamp")])


def _is_day(column: Property) -> bool:
    return column.type is not None and column.type.kind is Kind.DATE


def _is_moment(column: Property) -> bool:
    return column.type is not None and column.type.kind in _MOMENTS
