"""Names and addresses that last."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mesh_dagster.model.address import Address
from mesh_dagster.model.finding import Finding
from mesh_dagster.model.policy import Moment
from mesh_dagster.policies.examples import column, example, product, reads
from mesh_dagster.policies.policy import Policy
from mesh_dagster.policies.standard.columns import stated_columns
from mesh_dagster.policies.standard.severities import ADVISED, WANTED
from mesh_dagster.policies.view import View

_WORDS = re.compile(r"[a-z_][a-z0-9]*(_[a-z0-9]+)*", re.ASCII)
_PASSING = frozenset(["backup", "bak", "copy", "draft", "final", "new", "old", "temp", "tmp"])
"""Last words of names that tell when something was made, and not what it is."""

_OF_STORAGE = frozenset(["tbl", "table", "view", "vw"])


def _in_words(name: str) -> str:
    """`flightDate` and `Flight Date` as `flight_date`."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return re.sub(r"[^a-z0-9]+", "_", parted.lower()).strip("_") or "name"


class ColumnNames(Policy):
    """Columns are named in lower case, their words joined by underscores.

    `flight_date` can be written in every language that reads the mesh without quotes, and is the
    same in all of them: `FlightDate` is `flightdate` to some engines and unknown to others. It is
    asked of the name under which the column is stored (`physicalName`, else `name`).
    """

    id = "column-names"
    rationale = "Who joins products of several domains writes names without looking them up."
    moments = frozenset({Moment.BUILD})
    severity = ADVISED

    def check(self, view: View) -> Iterator[Finding]:
        for port, each in stated_columns(view):
            if not _WORDS.fullmatch(each.column):
                yield self.finding(
                    view,
                    f"the column `{each.column:.100}` is not in lower case with underscores",
                    port=port,
                    where=each.where,
                    fix=f"name: {_in_words(each.column[:100])}",
                )

    @staticmethod
    def passing() -> View:
        return example(columns=[column("flight_date", "date"), column("_row")])

    @staticmethod
    def failing() -> View:
        return example(columns=[column("FlightDate", "date")])


class LastingNames(Policy):
    """Products and ports are named for what they are, not for when or how they were made.

    An address is for good. `orders_new` will be old one day, `orders_tmp` will stay, and
    `orders_table` is one among tables; in `shop/shop_orders` the domain is said twice. The version
    of a product is in its address already.
    """

    id = "lasting-names"
    rationale = "An address that was published once is never given to anything else."
    moments = frozenset({Moment.BUILD})
    severity = ADVISED

    def check(self, view: View) -> Iterator[Finding]:
        address = view.address
        for port in view.product.outputs:
            name = port.address.port or address.product
            what = f"the port `{name}`" if port.address.port else f"its name `{name}`"
            last = name.rpartition("_")[2]
            where = port.where if port.address.port else view.product.where
            if last in _PASSING:
                told = f"{what} says when it was made (`{last}`), not what it is"
                yield self.finding(view, told, where=where, fix=_without(name))
            elif last in _OF_STORAGE and "_" in name:
                told = f"{what} says how it is stored (`{last}`), not what it is"
                yield self.finding(view, told, where=where, fix=_without(name))
        if address.product.startswith(f"{address.domain}_"):
            short = address.product.removeprefix(f"{address.domain}_")
            told = f"its address {address.path} says the domain twice"
            yield self.finding(view, told, fix=f"name: {short}")

    @staticmethod
    def passing() -> View:
        return example()

    @staticmethod
    def failing() -> View:
        return example(product(Address("shop", "orders_new", 1)))


def _without(name: str) -> str | None:
    rest = name.rpartition("_")[0]
    return f"name: {rest}" if rest else None


class InputsNameMajor(Policy):
    """An input port names the major that it reads.

    `mesh://shop/orders` is whichever major is the newest: the day a second one is published, its
    readers get other columns without a change of their own. `mesh://shop/orders/v1` stays what it
    is until it is retired, and its readers are told of that.
    """

    id = "inputs-name-major"
    rationale = "What breaks a reader is decided by its own team, in its own files."
    moments = frozenset({Moment.BUILD})
    severity = WANTED

    def check(self, view: View) -> Iterator[Finding]:
        for port in view.product.inputs:
            if port.address is None or port.address.major is not None:
                continue
            found = view.mesh.find(port.address)
            major = (found.product.address.major if found else None) or 1
            yield self.finding(
                view,
                f"its input `{port.name}` is {port.address}, whichever major is the newest",
                where=port.where,
                fix=f"contractId: {port.address.with_major(major)}",
            )

    @staticmethod
    def passing() -> View:
        return example(product(inputs=(reads("customers", Address("crm", "customers", 1)),)))

    @staticmethod
    def failing() -> View:
        return example(product(inputs=(reads("customers", Address("crm", "customers")),)))
