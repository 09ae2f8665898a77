"""What is a data product, and what is none."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from mesh_dagster.descriptors.custom import kept_value
from mesh_dagster.model.contract import Contract
from mesh_dagster.model.finding import Finding
from mesh_dagster.model.policy import Moment
from mesh_dagster.policies.examples import ORDERS, contract, described, example, output, product
from mesh_dagster.policies.policy import Policy
from mesh_dagster.policies.standard.columns import stated_contracts
from mesh_dagster.policies.standard.severities import GUARDED
from mesh_dagster.policies.view import View

_SHOWN = re.compile(r"chart|dashboard|notebook|pdf|presentation|report|slides|spreadsheet|workbook")
_OPERATIONAL = re.compile(
    r"api|cassandra|cockroachdb|couchbase|db2|dynamodb|firebird|http|informix|mariadb|mongodb|"
    r"mssql|mysql|oracle|postgres|postgresql|rest|sap|sqlserver|sybase"
)
_TRANSACTIONS = frozenset(["operational", "transactional", "oltp"])


class ReportIsNoProduct(Policy):
    """A report or a dashboard is not a data product.

    It shows data to people, and nothing can be built on it. Serve the rows that it shows, and name
    the report as a use case of theirs: whoever reads them then is known, and another report costs
    nothing. A port whose `type` (or a table whose `physicalType`) is such a thing is refused.
    """

    id = "report-is-no-product"
    rationale = "A product is there to be built upon: only data composes."
    moments = frozenset({Moment.BUILD, Moment.LOAD})
    severity = GUARDED

    def check(self, view: View) -> Iterator[Finding]:
        for port in view.product.outputs:
            held = view.contracts.get(port.address.port or "")
            tables = held.schema[:1] if held else ()
            kinds = {_word(port.rest.get("type"))}
            kinds |= {_word(each.rest.get("physicalType")) for each in tables}
            for kind in sorted(filter(_SHOWN.fullmatch, kinds)):
                yield self.finding(
                    view,
                    f"its output port `{port.name}` is a {kind}, which nobody can build on",
                    port=port.address.port or "",
                    where=port.where,
                    fix="type: table, with the rows that it shows; useCases: [the report]",
                )

    @staticmethod
    def passing() -> View:
        return example(product(outputs=(output(ORDERS, rest={"type": "table"}),)))

    @staticmethod
    def failing() -> View:
        return example(product(outputs=(output(ORDERS, rest={"type": "dashboard"}),)))


class NoSourceExposed(Policy):
    """No output port is an operational system.

    The tables of an application change whenever the application does, and its load is not that of
    its analysts. A product reads them by an input port (`source:<system>/<name>`) and serves what
    it makes of them. Refused are an output port or product whose `plane` is `operational`, and a
    contract of an output port with `servers` of the type of an application's database or API,
    unless that server says that its `plane` is `analytical`.
    """

    id = "no-source-exposed"
    rationale = "Who reads an application's database makes its model everybody's."
    moments = frozenset({Moment.BUILD, Moment.LOAD})
    severity = GUARDED

    def check(self, view: View) -> Iterator[Finding]:
        plane = _word(view.stated("plane"))
        if plane in _TRANSACTIONS:
            told = f"its `plane` is {plane}, and a data product is analytical"
            yield self.finding(view, told, fix="{property: plane, value: analytical}")
        for port in view.product.outputs:
            plane = _word(kept_value(port.rest, "plane"))
            if plane in _TRANSACTIONS:
                told = f"the `plane` of its output port `{port.name}` is {plane}"
                yield self._exposed(view, port.address.port or "", told, port.where)
        for name, stated in stated_contracts(view):
            for server, kind in _servers(stated):
                plane = _word(kept_value(server, "plane"))
                if _OPERATIONAL.fullmatch(kind) and plane != "analytical":
                    told = f"its contract has a server of the type {kind}: an operational system"
                    yield self._exposed(view, name, told, stated.where)

    def _exposed(self, view: View, port: str, told: str, where: str | None) -> Finding:
        fix = "read it by an input port, contractId: source:<system>/<name>, and serve a table"
        return self.finding(view, told, port=port, where=where, fix=fix)

    @staticmethod
    def passing() -> View:
        return _served_by("s3")

    @staticmethod
    def failing() -> View:
        return _served_by("postgresql")


def _servers(stated: Contract) -> Iterator[tuple[Mapping[str, Any], str]]:
    listed = stated.rest.get("servers")
    for each in listed if isinstance(listed, list | tuple) else ():
        if isinstance(each, Mapping):
            yield each, _word(each.get("type"))


def _word(value: Any) -> str:
    return value.strip().lower() if isinstance(value, str) else ""


def _served_by(kind: str) -> View:
    served = contract(rest={"servers": [{"server": "orders", "type": kind}]})
    return example(described(contracts={"": served}))
