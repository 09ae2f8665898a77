"""A small shop to make, read and kill; as a script, the processes that race or die."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from mesh_dagster import clock
from mesh_dagster.errors import MeshError
from mesh_dagster.model.address import Address
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.identity import Identity
from mesh_dagster.model.review import Action, Review, Ruling
from mesh_dagster.model.snapshot import Attempt, Outcome
from mesh_dagster.ports import places
from mesh_dagster.products.deciding import rollback as going_back
from mesh_dagster.products.deciding.decisions import audit_quarantined, decide
from mesh_dagster.products.deciding.reviewing import reviews_of
from mesh_dagster.products.making.materialize import materialize
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.products.reading.read import read
from mesh_dagster.testing import write_mesh, write_product

PACKAGE = Path(clock.__file__).parent
TRACED = tuple(f"{PACKAGE}/{part}/" for part in ("products", "ports", "journal"))
SALES = "shop/sales/v1"
DAILY = {"every": "day", "column": "day", "start": "2013-11-01"}
COLUMNS: dict[str, Any] = {
    "day": {"physicalType": "DATE", "required": True},
    "item": "VARCHAR",
    "amount": {"physicalType": "BIGINT", "logicalTypeOptions": {"minimum": 0}},
}
SCHEMA = {"day": pl.Date, "item": pl.String, "amount": pl.Int64}
KEYS = ("2013-11-01", "2013-11-02", "2013-11-03")
TWO_PORTS = """
import polars as pl

def transform(rows, window):
    sales = rows.filter(pl.col("day").dt.to_string("%Y-%m-%d").is_in(window.keys))
    return {"sales": sales, "late": sales.select("day", "amount")}
"""
LATE = {"day": "DATE", "amount": "BIGINT"}


def sold(amounts: Mapping[str, Sequence[int]]) -> pl.DataFrame:
    """One row of tea for each amount of each day."""
    rows = [(date.fromisoformat(day), "tea", n) for day, some in amounts.items() for n in some]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


class Shop:
    """A mesh on disk, read anew at each look, as by one process after another."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @classmethod
    def new(cls, root: Path, **settings: Any) -> Shop:
        write_mesh(root, **settings)
        return cls(root)

    @property
    def mesh(self) -> Mesh:
        return Mesh.open(self.root)

    def product(self, address: str = SALES, columns: Any = None, rows: Any = None, **rest: Any):
        """Write a product; `shop/sales` by day, unless something else is said."""
        if columns is None:
            columns, rest = COLUMNS, {"partitions": DAILY, **rest}
        return write_product(self.mesh, address, columns, rows, **rest)

    def feed(self, rows: Any, address: str = SALES) -> None:
        """Let the source of a product hold other rows from now on."""
        temporary = self.load(address).folder / "next.parquet"
        (rows if isinstance(rows, pl.DataFrame) else pl.DataFrame(rows)).write_parquet(temporary)
        temporary.replace(temporary.with_name("rows.parquet"))

    def load(self, address: str = SALES) -> LoadedProduct:
        return self.mesh.load(Address.parse(address))

    def make(self, *keys: str, address: str = SALES, **rest: Any) -> Attempt:
        mesh = self.mesh
        loaded = mesh.load(Address.parse(address))
        return materialize(mesh, loaded, partitions=keys or None, **rest)

    def audit(self, address: str = SALES):
        mesh = self.mesh
        done = audit_quarantined(mesh, mesh.load(Address.parse(address)))
        assert done.failed == ()
        return done.decisions

    def reviews(self, domain: str = "shop", **asked: Any) -> list[Review]:
        """What waits for a decision, of one kind or one partition if that is asked."""
        mesh = self.mesh
        return [
            each
            for each in reviews_of(mesh, domain)
            if asked.get("kind", each.kind) == each.kind
            and asked.get("partition") in (None, *each.partitions)
        ]

    def decide(
        self, action: str, key: str = "", who: str = "owner@example.org", **rest: Any
    ) -> Ruling:
        """Decide on the quarantined partition, or on a review that is handed in."""
        mesh = self.mesh
        review = rest.pop("review", None) or self.reviews(kind="quarantine", partition=key)[0]
        loaded = mesh.load(Address.parse(review.product))
        identity = Identity(who, "environment", False, "MESH_USER", (who,))
        given = {"why": "it is so"} | rest
        return decide(mesh, loaded, review, Action(action), [identity], **given)

    def name_owners(self, *people: str, domain: str = "shop") -> None:
        """Let these be the owners of all products of a domain."""
        file = self.root / "domains" / domain / "src" / domain / "domain.yaml"
        members = "".join(f"- {{username: {each}, role: owner}}\n" for each in people)
        file.write_text(f"name: {domain}\nteam: Team {domain}\nmembers:\n{members}")

    def rollback(self, to: int | str, address: str = SALES):
        mesh = self.mesh
        return going_back.rollback(mesh, mesh.load(Address.parse(address)), to)

    def amounts(self, address: str = SALES, **asked: Any) -> dict[str, list[int]]:
        """Day -> its amounts, of what is published."""
        frame = read(address, mesh=self.mesh, **asked).polars().collect()
        found: dict[str, list[int]] = {}
        for day, amount in frame.select("day", "amount").sort("day", "amount").rows():
            found.setdefault(day.isoformat(), []).append(amount)
        return found

    def files(self, attempt: str, address: str = SALES) -> list[str]:
        """The keys of what an attempt staged, in all ports."""
        loaded, storage = self.load(address), self.mesh.storage
        folders = [
            places.attempt(loaded.product.address, port or None, attempt)
            for port in loaded.contracts
        ]
        return [entry.key for each in folders for entry in storage.list(f"{each}/")]


def outcomes(attempt: Attempt) -> dict[str | None, Outcome]:
    return {each.partition: each.outcome for each in attempt.decisions}


def correct(shop: Shop, least: int) -> None:
    """Let the contract of the first port ask for amounts of at least so much, as it always did."""
    loaded = shop.load()
    file = loaded.folder / "contract.odcs.yaml"
    text = file.read_text()
    promise = f"{loaded.contracts[''].table.name}.amount.minimum"
    if promise not in text:
        told = f"{{promise: {promise}, of: 1.0.0, reason: money goes back}}"
        text += f"customProperties:\n- property: corrections\n  value: [{told}]\n"
    start = text.index("minimum: ")
    end = text.index("\n", start)
    file.write_text(f"{text[:start]}minimum: {least}{text[end:]}")


def act(shop: Shop, what: str, *words: str) -> None:
    """What a dying process was about."""
    match what:
        case "make":
            shop.make(*words)
        case "audit":
            shop.audit()
        case "rollback":
            shop.rollback(words[0])
        case "decide":
            shop.decide(*words)


class Tracer:
    """Counts the lines that run in the traced folders; `at` is called with each."""

    def __init__(self, at: Callable[[str, int], None]) -> None:
        self._at = at

    def __enter__(self) -> Tracer:
        sys.settrace(self._enter)
        return self

    def __exit__(self, *_: object) -> None:
        sys.settrace(None)

    def _enter(self, frame: Any, event: str, _: Any) -> Any:
        return self._line if frame.f_code.co_filename.startswith(TRACED) else None

    def _line(self, frame: Any, event: str, _: Any) -> Any:
        if event == "line":
            self._at(frame.f_code.co_filename[len(str(PACKAGE)) + 1 :], frame.f_lineno)
        return self._line


def trace(root: str, what: str, *words: str) -> None:
    """Do it, and print each line that ran, at its first time."""
    seen: dict[str, None] = {}
    with Tracer(lambda file, line: seen.setdefault(f"{file}:{line}")):
        act(Shop(Path(root)), what, *words)
    print("\n".join(seen))


def die(root: str, where: str, what: str, *words: str) -> None:
    """Do it, and be killed at a line's first time."""

    def at(file: str, line: int) -> None:
        if f"{file}:{line}" == where:
            os.kill(os.getpid(), signal.SIGKILL)

    with Tracer(at):
        act(Shop(Path(root)), what, *words)


def die_often() -> None:
    """Fork for each line of input, and let the child `die` with its words as arguments.

    Importing takes a second, dying no time. Nothing of Polars has run before the fork, so that
    none of its threads is lost in it.
    """
    for line in sys.stdin:
        child = os.fork()
        if not child:
            die(*line.split())
            os._exit(0)
        _, status = os.waitpid(child, 0)
        print("killed" if os.WIFSIGNALED(status) else "finished", flush=True)


def race(root: str, rounds: str, *keys: str) -> None:
    """Make partitions, all processes at the same moment, again and again."""
    shop = Shop(Path(root))
    print("ready", flush=True)
    sys.stdin.readline()
    for _ in range(int(rounds)):
        shop.make(*keys)


def rule(root: str, who: str, action: str, id: str) -> None:
    """Look at a review, wait for a line of input, decide on it, and tell how that ended."""
    shop = Shop(Path(root))
    (review,) = [each for each in shop.reviews() if each.id == id]
    print("looked", flush=True)
    sys.stdin.readline()
    try:
        print(f"won {shop.decide(action, who=who, review=review).outcome}")
    except MeshError as error:
        print(f"lost {error.code} {error.what}")


def fill(root: str, limit: str, *keys: str) -> None:
    """Make partitions with a limit on the size of files, and tell how it ended."""
    import resource

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
    try:
        Shop(Path(root)).make(*keys)
    except MeshError as error:
        print(f"{type(error).__name__} {error}")


def copied(root: Path, to: Path) -> Shop:
    """The mesh as another checkout without any of its domains sees it."""
    to.mkdir()
    shutil.copy(root / "mesh.yaml", to)
    return Shop(to)


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
