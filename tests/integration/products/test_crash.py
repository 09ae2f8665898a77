"""SIGKILL at lines of products, ports and journal, while an independent reader looks on."""

from __future__ import annotations

import itertools
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from effort import THOROUGH
from integration.racing import at_once

from mesh_dagster.model.address import Address
from mesh_dagster.model.review import Action, RulingState
from mesh_dagster.model.snapshot import Attempt, AttemptState, Outcome
from mesh_dagster.ports import pointer
from mesh_dagster.ports.open import open_port
from mesh_dagster.ports.storage import open_storage
from mesh_dagster.products.reading.snapshots import snapshots

WORLD = str(Path(__file__).with_name("world.py"))
ADDRESS = Address.parse("shop/sales/v1")
DAY, NEXT, BAD = "2013-11-01", "2013-11-02", "2013-11-03"
SERVED = (Outcome.PUBLISHED, Outcome.RELEASED)
COMMITS = (
    "ports/publish.py",
    "ports/swap.py",
    "ports/pointer.py",
    "products/making/materialize.py",
)
COMMITS += ("products/auditing/gate.py",)
RECORDS = ("journal/journal.py", "products/deciding/decisions.py", "products/deciding/rollback.py")
RECORDS += ("products/deciding/heal.py", "products/deciding/rulings.py")


class Zygote:
    """A process that forks children to be killed."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._process = subprocess.Popen(
            [sys.executable, WORLD, "die_often"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def lines(self, *words: str) -> list[str]:
        """Each line that runs, in the order of their first times; this child is not killed."""
        done = subprocess.run(
            [sys.executable, WORLD, "trace", str(self._root), *words],
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.split()

    def kill_at(self, line: str, *words: str) -> bool:
        """Whether the child was killed; it finished if it never came to the line."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(self._root, line, *words, file=self._process.stdin, flush=True)
        return self._process.stdout.readline() == "killed\n"

    def close(self) -> None:
        self._process.communicate(timeout=240)


class Reader(threading.Thread):
    """Looks at all that can be seen of the product, again and again."""

    def __init__(self, storage: str) -> None:
        super().__init__()
        self._storage = open_storage(storage)
        self._stopped = threading.Event()
        self._whole: set[str] = set()
        self._newest = 0
        self.looks = 0
        self.failure: BaseException | None = None

    def run(self) -> None:
        try:
            while not self._stopped.is_set():
                self.look()
                self.looks += 1
                time.sleep(0.002)
        except BaseException as error:  # noqa: BLE001
            self.failure = error

    def look(self) -> None:
        current = pointer.current(self._storage, ADDRESS)
        number = current.number if current else 0
        assert number >= self._newest
        self._newest = number
        if current is None:
            return
        assert pointer.as_of(self._storage, ADDRESS, current.at).number == number
        for found in pointer.since(self._storage, ADDRESS, number - 5):
            if found.id not in self._whole:
                self._check(found)
                self._whole.add(found.id)

    def _check(self, found: Any) -> None:
        """Both ports agree, nothing below the contract is there, a day is of one attempt."""
        first, late = (
            open_port(self._storage, ADDRESS, port, found).polars().collect()
            for port in (None, "late")
        )
        columns = ["day", "amount"]
        assert first.select(columns).sort(columns).equals(late.select(columns).sort(columns))
        assert first["amount"].min() >= 0
        for _, rows in first.group_by("day"):
            assert rows.height == 3
            assert rows["amount"].n_unique() == 1

    def stop(self) -> None:
        self._stopped.set()
        self.join()
        if self.failure is not None:
            raise self.failure
        assert self.looks > 0


@pytest.fixture
def zygote(shop: Any) -> Iterator[Zygote]:
    process = Zygote(shop.root)
    yield process
    process.close()


@pytest.fixture
def reader(shop: Any) -> Iterator[Reader]:
    thread = Reader(shop.mesh.config.storage)
    thread.start()
    yield thread
    thread.stop()


@pytest.fixture
def sales(shop: Any, world: ModuleType) -> Any:
    """Two ports; the third day breaks the contract of the first."""
    shop.product(rows=_rows(world, 1), transform=world.TWO_PORTS, ports={"late": world.LATE})
    shop.make(DAY, NEXT)
    return shop


def _rows(world: ModuleType, marker: int) -> Any:
    return world.sold({DAY: [marker] * 3, NEXT: [marker] * 3, BAD: [-1] * 3})


def _chosen(lines: Sequence[str], share: int, of: int, spread: int) -> list[str]:
    """A share of the lines: of those that commit and record, and of all the others, some.

    With MESH_THOROUGH in the environment all of them.
    """
    if THOROUGH:
        return list(lines)[share::of]
    close = [line for line in lines if line.startswith((*COMMITS, *RECORDS))]
    every = max(1, len(lines) // spread)
    wanted = {*close[:: max(1, len(close) // spread)], *lines[::every], lines[-1]}
    return [line for line in lines if line in wanted][share::of]


@pytest.mark.parametrize("share", range(3))
def test_a_run_killed_at_any_line_shows_the_old_or_the_new_state(
    sales: Any, world: ModuleType, zygote: Zygote, reader: Reader, share: int
) -> None:
    words = ("make", DAY, NEXT, BAD)
    chosen = _chosen(zygote.lines(*words), share, of=3, spread=15)
    published = set()
    for marker, line in enumerate(chosen, 2):
        sales.feed(_rows(world, marker))
        before = _number(sales)
        killed = zygote.kill_at(line, *words)
        published.add(_number(sales) > before)
        assert sales.amounts() in (_state(marker), _state(marker - 1))
        sales.make(DAY, NEXT)
        assert sales.amounts() == _state(marker)
        _agrees(sales)
        _settled(sales, killed=killed)
    assert published == {False, True}


def _state(marker: int) -> dict[str, list[int]]:
    return {DAY: [marker] * 3, NEXT: [marker] * 3}


def _number(shop: Any) -> int:
    return snapshots(shop.mesh, ADDRESS)[0].number


def _settled(shop: Any, *, killed: bool) -> None:
    """The attempt before the newest is over: abandoned without files, or on the record."""
    with shop.mesh.journal("shop") as journal:
        mending, died = journal.attempts(ADDRESS.path, limit=2)
        assert journal.unfinished() == journal.running() == []
        waiting = [
            file for each in journal.quarantined() for of in each.staged for file in of.files
        ]
    assert all(file.sha256 for file in waiting), "its owner can let it go"
    assert mending.state is AttemptState.FINISHED
    numbers = {each.attempt for each in snapshots(shop.mesh, ADDRESS)}
    if killed and died.state is AttemptState.ABANDONED:
        assert died.id not in numbers
        assert shop.files(died.id) == []
    elif died.id in numbers:
        assert died.state is AttemptState.FINISHED
        decided = {each.partition: each.outcome for each in died.decisions}
        assert {decided.get(DAY), decided.get(NEXT)} == {Outcome.PUBLISHED}


def _agrees(shop: Any) -> None:
    """Journal and storage tell of the same publications, and each decision of one that is."""
    stored = snapshots(shop.mesh, ADDRESS)
    with shop.mesh.journal("shop") as journal:
        recorded = journal.publications(ADDRESS.path)
        attempts: list[Attempt] = journal.attempts(ADDRESS.path, limit=1000)
    assert [each.number for each in stored] == list(range(stored[0].number, 0, -1))
    assert recorded == stored
    decided = {
        each.publication for attempt in attempts for each in attempt.decisions
        if each.outcome in SERVED
    }  # fmt: skip
    assert decided <= {each.number for each in stored}


def test_a_second_audit_killed_at_any_line_releases_once(
    sales: Any, world: ModuleType, zygote: Zygote, reader: Reader
) -> None:
    amounts = itertools.count(2)

    def waits() -> None:
        sales.feed(world.sold({NEXT: [next(amounts)] * 3}))
        world.correct(sales, 10_000)
        sales.make(NEXT)
        world.correct(sales, 0)

    _killed_while(sales, zygote, ("audit",), before=waits, mended=sales.audit, spread=4)
    assert sales.amounts()[NEXT] == [next(amounts) - 1] * 3


def test_a_release_killed_at_any_line_is_carried_out_once_or_was_never_decided(
    sales: Any, world: ModuleType, zygote: Zygote, reader: Reader
) -> None:
    sales.name_owners("owner@example.org")
    amounts = itertools.count(2)

    def waits() -> None:
        sales.feed(world.sold({NEXT: [next(amounts)] * 3}))
        world.correct(sales, 10_000)
        sales.make(NEXT)

    def mended() -> None:
        sales.audit()
        if sales.reviews(kind="quarantine", partition=NEXT):
            sales.decide("release", NEXT)

    words = ("decide", "release", NEXT)
    _killed_while(sales, zygote, words, before=waits, mended=mended, spread=4)
    assert sales.amounts()[NEXT] == [next(amounts) - 1] * 3
    with sales.mesh.journal("shop") as journal:
        rulings = journal.reviews.rulings(ADDRESS.path)
    released = [each for each in rulings if each.action is Action.RELEASE]
    assert {each.state for each in released} == {RulingState.DONE}
    # Each decision has published once, whoever carried it out.
    numbers = [each.publication for each in released]
    assert len(set(numbers)) == len(numbers)


def test_going_back_killed_at_any_line_is_on_the_record(
    sales: Any, world: ModuleType, zygote: Zygote, reader: Reader
) -> None:
    for marker in (2, 3):
        sales.feed(_rows(world, marker))
        sales.make(DAY, NEXT)

    def forward() -> None:
        sales.rollback(3)

    _killed_while(sales, zygote, ("rollback", "2"), before=forward, mended=forward, spread=4)
    assert sales.amounts() == _state(3)


def _killed_while(
    shop: Any,
    zygote: Zygote,
    words: tuple[str, ...],
    *,
    before: Callable[[], None],
    mended: Callable[[], Any],
    spread: int,
) -> None:
    before()
    lines = zygote.lines(*words)
    published = set()
    for line in _chosen(lines, 0, of=1, spread=spread):
        before()
        number = _number(shop)
        zygote.kill_at(line, *words)
        published.add(_number(shop) > number)
        mended()
        _agrees(shop)
        with shop.mesh.journal("shop") as journal:
            assert journal.quarantined() == []
    assert published == {False, True}


def test_two_who_heal_at_once_do_not_mind_each_other(
    sales: Any, world: ModuleType, zygote: Zygote
) -> None:
    words = ("make", DAY, NEXT, BAD)
    lines = zygote.lines(*words)
    swapped = next(line for line in lines if line.startswith("journal/journal.py") and
                   lines.index(line) > _index(lines, "ports/publish.py"))  # fmt: skip
    for line in (lines[len(lines) // 3], swapped):
        sales.feed(_rows(world, 50))
        assert zygote.kill_at(line, *words)
        race = [sys.executable, WORLD, "race", str(sales.root), "1"]
        at_once([[*race, key] for key in (DAY, NEXT, DAY)])
        _agrees(sales)
        with sales.mesh.journal("shop") as journal:
            assert journal.unfinished() == []


def _index(lines: Sequence[str], file: str) -> int:
    return max(index for index, line in enumerate(lines) if line.startswith(file))


def test_a_publication_that_was_overtaken_before_its_record_is_recorded(
    sales: Any, world: ModuleType, zygote: Zygote
) -> None:
    """Of two that publish at once the first dies before its record, the second does not."""
    from mesh_dagster.products.deciding import heal

    words = ("make", DAY, NEXT, BAD)
    lines = zygote.lines(*words)
    swapped = next(line for line in lines if line.startswith("journal/journal.py") and
                   lines.index(line) > _index(lines, "ports/publish.py"))  # fmt: skip
    sales.feed(_rows(world, 7))
    before = _number(sales)
    assert zygote.kill_at(swapped, *words)
    assert _number(sales) == before + 1
    # The other healed before the first one died: so it is not healed by this run.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mesh_dagster.products.making.materialize.heal", lambda *_: ())
        sales.make(DAY)
    with sales.mesh.journal("shop") as journal:
        numbers = [each.number for each in journal.publications(ADDRESS.path)]
        assert before + 1 not in numbers
        (died,) = heal.heal(sales.mesh, sales.load(), journal)
    assert died.state is AttemptState.RUNNING
    _agrees(sales)
    _settled(sales, killed=True)
