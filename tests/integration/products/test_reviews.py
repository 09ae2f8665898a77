"""What owners decide about what waits: on the record, by hash, by nobody else, once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from mesh_dagster.cli.root import run
from mesh_dagster.clock import frozen
from mesh_dagster.errors import EvaluationError, JournalError, MeshError, StorageError, UsageError
from mesh_dagster.model.address import Address
from mesh_dagster.model.event import Event, EventKind
from mesh_dagster.model.review import Action, ReviewKind, RulingState
from mesh_dagster.model.snapshot import Outcome, PublicationKind
from mesh_dagster.ports import pointer
from mesh_dagster.products.deciding import rulings
from mesh_dagster.products.deciding.decisions import decide
from mesh_dagster.products.deciding.reviewing import identities, review_of, rulings_of
from mesh_dagster.products.reading.read import publication_at, read
from mesh_dagster.products.reading.snapshots import snapshots

WORLD = str(Path(__file__).with_name("world.py"))
DAY, NEXT, THIRD = "2013-11-01", "2013-11-02", "2013-11-03"
NOW = datetime(2013, 11, 8, 12, tzinfo=UTC)
ADDRESS = Address.parse("shop/sales/v1")
OWNER = "owner@example.org"


@pytest.fixture
def sales(shop: Any, world: ModuleType) -> Any:
    """The second and the third day break the contract and wait."""
    shop.product(rows=world.sold({DAY: [1], NEXT: [-1], THIRD: [-9]}))
    shop.name_owners(OWNER, "other@example.org")
    shop.make(DAY, NEXT, THIRD)
    return shop


def _history(shop: Any, review: Any) -> list[Any]:
    with shop.mesh.journal("shop") as journal:
        return journal.history(*review.covers[0])


def test_the_inbox_has_what_waits_with_what_fails_in_it(sales: Any) -> None:
    first, second = sales.reviews()
    assert (first.kind, first.partitions) == (ReviewKind.QUARANTINE, (NEXT,))
    assert second.partitions == (THIRD,)
    assert first.rules == (("", "amount_range"),)
    assert "amount" in first.summary
    assert first.is_open
    assert sales.reviews() == [first, second]


def test_a_release_publishes_the_very_files_that_were_audited_and_says_who_did(
    anywhere: Any, world: ModuleType
) -> None:
    shop = anywhere
    shop.product(rows=world.sold({DAY: [1], NEXT: [-1]}))
    shop.name_owners(OWNER)
    attempt = shop.make(DAY, NEXT)
    staged = {file: shop.mesh.storage.read(file) for file in shop.files(attempt.id)}
    shop.feed(world.sold({NEXT: [77]}))
    (review,) = shop.reviews()
    made = shop.decide("release", NEXT, why="returned goods are negative")
    assert (made.outcome, made.publication) == (Outcome.RELEASED, 2)
    assert shop.amounts() == {DAY: [1], NEXT: [-1]}
    assert {file: shop.mesh.storage.read(file) for file in shop.files(attempt.id)} == staged
    opened = {shop.mesh.storage.path(key) for key in staged}
    assert set(read("shop/sales", mesh=shop.mesh).files) < opened
    newest = publication_at(shop.mesh, ADDRESS)
    assert (newest.kind, newest.partitions) == (PublicationKind.RELEASE, (NEXT,))
    assert newest.release is not None
    assert newest.release.by == OWNER
    assert newest.release.proof == "environment"
    assert newest.release.why == "returned goods are negative"
    assert newest.release.rules == ("amount_range",)
    last = _history(shop, review)[-1]
    assert (last.by, last.why) == (OWNER, "returned goods are negative")
    assert last.decision.publication == 2


@pytest.mark.parametrize("how", ["link", "link above", "pipe", "gone"])
def test_what_is_no_file_of_the_storage_any_more_is_not_released(
    sales: Any, tmp_path: Path, how: str
) -> None:
    (review,) = sales.reviews(partition=NEXT)
    (key,) = [each for each in sales.files(review.covers[0][0]) if NEXT in each]
    file, elsewhere = Path(sales.mesh.storage.path(key)), tmp_path / "elsewhere"
    moved = file.parent if how == "link above" else file
    moved.rename(elsewhere)
    if how.startswith("link"):
        moved.symlink_to(elsewhere)
    elif how == "pipe":
        os.mkfifo(file)
    with pytest.raises(EvaluationError, match="is not what was audited") as caught:
        sales.decide("release", NEXT)
    assert caught.value.code == "MESH-M046"
    assert sales.amounts() == {DAY: [1]}


def test_a_file_that_is_not_what_was_audited_is_not_released(sales: Any) -> None:
    (review,) = sales.reviews(partition=NEXT)
    (key,) = [each for each in sales.files(review.covers[0][0]) if NEXT in each]
    file = Path(sales.mesh.storage.path(key))
    (other,) = [each for each in sales.files(review.covers[0][0]) if THIRD in each]
    content = file.read_bytes()
    file.write_bytes(Path(sales.mesh.storage.path(other)).read_bytes())
    with pytest.raises(EvaluationError, match="is not what was audited") as caught:
        sales.decide("release", NEXT)
    assert caught.value.code == "MESH-M046"
    assert sales.amounts() == {DAY: [1]}
    # It failed on the record, and waits as before for whoever decides next.
    (again,) = sales.reviews(partition=NEXT)
    assert again.is_open
    assert again.id.partition("-")[0] == review.id.partition("-")[0]
    assert [each.state for each in rulings_of(sales.mesh, sales.load())] == [RulingState.FAILED]
    file.write_bytes(content)
    sales.decide("release", NEXT)
    assert sales.amounts() == {DAY: [1], NEXT: [-1]}


def test_a_file_that_is_gone_is_not_released(sales: Any) -> None:
    (review,) = sales.reviews(partition=NEXT)
    (key,) = [each for each in sales.files(review.covers[0][0]) if NEXT in each]
    Path(sales.mesh.storage.path(key)).unlink()
    with pytest.raises(EvaluationError, match="gone now"):
        sales.decide("release", NEXT)
    assert sales.amounts() == {DAY: [1]}


def test_what_a_run_without_a_record_left_in_quarantine_is_released_once_it_is_healed(
    shop: Any, world: ModuleType
) -> None:
    shop.product(rows=world.sold({DAY: [1], NEXT: [-1]}))
    shop.name_owners(OWNER)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mesh_dagster.journal.journal.Journal.finish", _locked)
        with pytest.raises(JournalError, match="is locked"):
            shop.make(DAY, NEXT)
    assert shop.reviews() == []
    shop.make(DAY)
    assert shop.decide("release", NEXT).outcome is Outcome.RELEASED
    assert shop.amounts() == {DAY: [1], NEXT: [-1]}


def _locked(*_: Any, **__: Any) -> None:
    raise JournalError("the database is locked")


def test_what_has_no_checksum_gets_one_by_its_next_audit_and_is_released_then(sales: Any) -> None:
    (review,) = sales.reviews(partition=NEXT)
    attempt, _ = review.covers[0]
    _forget_checksums(sales, attempt)
    with pytest.raises(EvaluationError, match="no checksum was taken") as caught:
        sales.decide("release", NEXT)
    assert caught.value.code == "MESH-M046"
    assert caught.value.fix is not None
    assert caught.value.fix.startswith("mesh audit shop/sales/v1 --quarantined")
    assert [each.outcome for each in sales.audit()] == [Outcome.QUARANTINED] * 2
    with sales.mesh.journal("shop") as journal:
        files = [file for each in journal.attempt(attempt).staged for file in each.files]
    assert {file.partition: file.sha256 is not None for file in files} == {
        DAY: False,
        NEXT: True,
        THIRD: True,
    }
    assert sales.decide("release", NEXT).outcome is Outcome.RELEASED
    # What was audited then is what may be released now.
    (key,) = [each for each in sales.files(attempt) if THIRD in each]
    Path(sales.mesh.storage.path(key)).write_bytes(b"something else")
    with pytest.raises(EvaluationError, match="is not what was audited"):
        sales.decide("release", THIRD)
    assert sales.amounts() == {DAY: [1], NEXT: [-1]}


def test_a_partition_that_cannot_be_audited_keeps_no_other_one_waiting(
    sales: Any,
    world: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    world.correct(sales, -10)
    (key,) = [
        each for each in sales.files(sales.reviews(partition=NEXT)[0].covers[0][0]) if NEXT in each
    ]
    Path(sales.mesh.storage.path(key)).unlink()
    monkeypatch.chdir(sales.root)
    assert run(["audit", "shop/sales", "--quarantined", "--json"]) == 3
    told = capsys.readouterr()
    assert [each["partition"] for each in json.loads(told.out)] == [THIRD]
    assert told.err.startswith(f"{NEXT} could not be audited: MESH-M046")
    assert sales.amounts() == {DAY: [1], THIRD: [-9]}
    told_of = sales.mesh.told(ADDRESS).facts.publications
    assert max(each.number for each in told_of) == 2
    # It waits as before, and says so again where nothing else does.
    assert run(["audit", "shop/sales", "--quarantined"]) == 3
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith(f"{NEXT} could not be audited: MESH-M046")


def _forget_checksums(shop: Any, attempt: str) -> None:
    """As older releases left it."""
    with shop.mesh.journal("shop") as journal:
        forgotten = [
            replace(each, files=tuple(replace(file, sha256=None) for file in each.files))
            for each in journal.attempt(attempt).staged
        ]
        journal.staged(attempt, forgotten)


def test_what_no_reader_could_open_is_not_released(shop: Any, world: ModuleType) -> None:
    shop.product(
        rows=world.sold({DAY: [1]}),
        transform="import polars as pl\n\ndef transform(rows, window):\n"
        '    return rows.with_columns(pl.col("amount").cast(pl.Float64) + 0.5)\n',
    )
    shop.name_owners(OWNER)
    shop.make(DAY)
    with pytest.raises(EvaluationError, match="cannot be published"):
        shop.decide("release", DAY)
    assert shop.reviews()[0].is_open


def test_rows_without_what_is_required_are_released_and_read(shop: Any, world: ModuleType) -> None:
    columns = {**world.COLUMNS, "item": {"physicalType": "VARCHAR", "required": True}}
    shop.product(
        columns=columns,
        partitions=world.DAILY,
        rows=world.sold({DAY: [1]}),
        transform="import polars as pl\n\ndef transform(rows, window):\n"
        "    return rows.with_columns(item=pl.lit(None, pl.String), more=pl.lit(1))\n",
    )
    shop.name_owners(OWNER)
    shop.make(DAY)
    made = shop.decide("release", DAY)
    assert made.outcome is Outcome.RELEASED
    found = read("shop/sales", mesh=shop.mesh).polars().collect()
    assert found["item"].to_list() == [None]
    assert "more" not in found.columns


def test_a_discarded_partition_is_closed_and_its_files_are_gone(sales: Any) -> None:
    (review,) = sales.reviews(partition=NEXT)
    made = sales.decide("discard", NEXT, why="the till was broken")
    assert made.outcome is Outcome.DISCARDED
    assert [each.partitions for each in sales.reviews()] == [(THIRD,)]
    left = sales.files(review.covers[0][0])
    assert [key for key in left if NEXT in key] == []
    assert [key for key in left if THIRD in key or DAY in key] != []
    assert sales.amounts() == {DAY: [1]}
    assert _history(sales, review)[-1].why == "the till was broken"


def test_an_audit_with_the_corrected_contract_is_a_decision_too(
    sales: Any, world: ModuleType
) -> None:
    world.correct(sales, -5)
    assert sales.decide("reaudit", NEXT, why="refunds").outcome is Outcome.RELEASED
    assert publication_at(sales.mesh, ADDRESS).kind is PublicationKind.REAUDIT
    before = sales.reviews(partition=THIRD)[0]
    assert sales.decide("reaudit", THIRD).outcome is Outcome.QUARANTINED
    (again,) = sales.reviews(kind="quarantine")
    assert again.revision == 1
    assert again.id != before.id
    # What was decided on before is not what is there now: nothing is decided twice.
    with pytest.raises(JournalError, match=r"owner@example.org .* was first"):
        sales.decide("release", review=before)
    with pytest.raises(UsageError, match="has changed since you looked"):
        review_of(sales.mesh, before.id)
    assert review_of(sales.mesh, before.id.partition("-")[0]) == again


def test_a_broken_journal_of_one_domain_keeps_nobody_from_deciding_in_another(
    sales: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sales.product("aaa/first/v1", {"n": "BIGINT"}, {"n": [1]})
    journals = sales.mesh.config.state / "journals"
    (journals / "aaa.db").write_bytes(b"this is no database" * 999)
    monkeypatch.chdir(sales.root)
    monkeypatch.setenv("MESH_USER", OWNER)
    (review,) = sales.reviews(partition=NEXT)
    assert run(["review", "acknowledge", review.id, "--why", "the till is known"]) == 0
    assert rulings_of(sales.mesh, sales.load())[0].why == "the till is known"
    assert run(["review", "log"]) == 3
    told = capsys.readouterr()
    assert "the till is known" in told.out
    assert "aaa could not be asked: MESH-M030" in told.err
    assert run(["review", "acknowledge", "0badc0de", "--why", "what is it"]) == 3
    assert "MESH-M030" in capsys.readouterr().err, "it may be in the one that is broken"


def test_a_decision_on_what_was_audited_again_meanwhile_is_refused(sales: Any) -> None:
    (review,) = sales.reviews(partition=NEXT)
    sales.audit()
    with pytest.raises(JournalError, match="was first"):
        sales.decide("release", review=review)
    assert sales.amounts() == {DAY: [1]}


def test_a_rule_is_waived_for_a_partition_and_still_reports(sales: Any) -> None:
    made = sales.decide("waive", NEXT, why="known returns")
    assert made.outcome is Outcome.RELEASED
    assert sales.amounts() == {DAY: [1], NEXT: [-1]}
    with sales.mesh.journal("shop") as journal:
        last = journal.last_results(ADDRESS.path, NEXT)
    (result,) = [each for each in last if each.rule == "amount_range"]
    assert (result.failed, result.blocks, result.holds) == (1, False, False)
    assert (result.waived_by, result.waived_until) == (OWNER, None)
    # It is that partition's alone, and holds when it is made again.
    sales.make(NEXT, THIRD)
    assert [each.partitions for each in sales.reviews(kind="quarantine")] == [(THIRD,), (THIRD,)]
    assert publication_at(sales.mesh, ADDRESS).number == 3


def test_a_rule_is_waived_until_a_moment_for_every_partition(sales: Any) -> None:
    end = NOW + timedelta(days=2)
    with frozen(NOW):
        assert sales.decide("waive", NEXT, until=end).outcome is Outcome.RELEASED
        sales.make(THIRD)
        assert sales.amounts() == {DAY: [1], NEXT: [-1], THIRD: [-9]}
        ending = sales.reviews(kind="waiver")
        assert [each.summary for each in ending] == [
            "the waiver of amount_range ends at 2013-11-10 12:00"
        ]
    with frozen(end):
        sales.make(DAY, THIRD)
        assert [each.partitions for each in sales.reviews(kind="quarantine")] == [(THIRD,)]
        # What it had let through is not waived any more: somebody has to look at it.
        checks = [each for each in sales.reviews(kind="check") if each.is_open]
        assert [each.rules for each in checks] == [(("", "amount_range"),)]


def test_a_waiver_that_ends_is_prolonged_or_let_go(sales: Any) -> None:
    with frozen(NOW):
        sales.decide("waive", NEXT, until=NOW + timedelta(days=2))
        (ending,) = sales.reviews(kind="waiver")
        sales.decide("waive", review=ending, until=NOW + timedelta(days=3))
        (later,) = sales.reviews(kind="waiver")
        assert later.id != ending.id
        sales.decide("acknowledge", review=later)
        assert sales.reviews(kind="waiver") == []


def test_a_warning_waits_until_somebody_took_note_and_comes_back_with_new_data(
    shop: Any, world: ModuleType
) -> None:
    quality = [{"metric": "rowCount", "mustBeGreaterThan": 1, "severity": "warning"}]
    shop.product(rows=world.sold({DAY: [1], NEXT: [1]}), quality=quality)
    shop.name_owners(OWNER)
    shop.make(DAY, NEXT)
    (review,) = shop.reviews()
    assert (review.kind, review.partitions) == (ReviewKind.CHECK, (DAY, NEXT))
    shop.decide("acknowledge", review=review, why="small days")
    assert [each.is_open for each in shop.reviews()] == [False]
    shop.make(NEXT)
    known, new = sorted(shop.reviews(), key=lambda each: each.is_open)
    assert (known.partitions, new.partitions) == ((DAY,), (NEXT,))
    with pytest.raises(UsageError, match="cannot be decided on by release"):
        shop.decide("release", review=new)


def test_what_was_acknowledged_for_a_while_comes_back(shop: Any, world: ModuleType) -> None:
    quality = [{"metric": "rowCount", "mustBeGreaterThan": 1, "severity": "warning"}]
    shop.product(rows=world.sold({DAY: [1]}), quality=quality)
    shop.name_owners(OWNER)
    shop.make(DAY)
    with frozen(NOW):
        (review,) = shop.reviews()
        shop.decide("acknowledge", review=review, until=NOW + timedelta(hours=1))
        assert not shop.reviews()[0].is_open
    with frozen(NOW + timedelta(hours=1)):
        (again,) = shop.reviews()
        assert again.is_open
        assert again.id != review.id


def test_a_release_for_a_while_is_looked_at_again(sales: Any) -> None:
    with frozen(NOW):
        sales.decide("release", NEXT, until=NOW + timedelta(days=1))
        assert [each.is_open for each in sales.reviews(kind="check")] == [False]
    with frozen(NOW + timedelta(days=1)):
        assert [each.is_open for each in sales.reviews(kind="check")] == [True]
    assert sales.amounts() == {DAY: [1], NEXT: [-1]}


def test_a_newer_attempt_that_passes_closes_the_review(sales: Any, world: ModuleType) -> None:
    (review,) = sales.reviews(partition=NEXT)
    sales.feed(world.sold({NEXT: [5]}))
    sales.make(NEXT)
    assert [each.partitions for each in sales.reviews()] == [(THIRD,)]
    assert _history(sales, review)[-1].decision.outcome is Outcome.SUPERSEDED
    with pytest.raises(JournalError, match="superseded"):
        sales.decide("release", review=review)
    assert sales.amounts() == {DAY: [1], NEXT: [5]}


def test_a_breach_waits_until_somebody_took_note_or_it_recovers(sales: Any) -> None:
    def event(kind: EventKind) -> Event:
        return Event(
            kind,
            ADDRESS.path,
            NOW,
            key=f"{kind}:freshness",
            summary=f"freshness is {kind}",
            objective="freshness",
            incident="slo:freshness",
        )

    def breaches() -> list[tuple[str, bool]]:
        return [(each.summary, each.is_open) for each in sales.reviews(kind="breach")]

    with sales.mesh.journal("shop") as journal:
        journal.outbox.put([event(EventKind.BREACHED)])
    assert breaches() == [("freshness is breached", True)]
    (review,) = sales.reviews(kind="breach")
    with pytest.raises(UsageError, match="cannot be decided on by waive"):
        sales.decide("waive", review=review)
    sales.decide("acknowledge", review=review)
    assert breaches() == [("freshness is breached", False)]
    with sales.mesh.journal("shop") as journal:
        journal.outbox.put([event(EventKind.RECOVERED)])
    assert breaches() == []


def test_only_an_owner_decides(sales: Any) -> None:
    with pytest.raises(UsageError, match=r"only an owner .*: owner@example.org") as caught:
        sales.decide("release", NEXT, who="piet@example.org")
    assert caught.value.code == "MESH-M044"
    assert sales.amounts() == {DAY: [1]}
    assert rulings_of(sales.mesh, sales.load()) == []


def test_a_product_without_named_people_has_nobody_who_decides(
    shop: Any, world: ModuleType
) -> None:
    shop.product(rows=world.sold({DAY: [-1]}))
    shop.make(DAY)
    with pytest.raises(UsageError, match="no owner who could decide"):
        shop.decide("release", DAY)


def test_a_mesh_can_refuse_who_proves_nothing(sales: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MESH_USER", OWNER)
    assert OWNER in [each.name for each in identities(sales.mesh)]
    file = sales.root / "mesh.yaml"
    file.write_text(file.read_text() + "reviews: {identity: [os]}\n")
    mesh = sales.mesh
    assert {each.proof for each in identities(mesh)} == {"os"}
    with pytest.raises(UsageError, match="only an owner"):
        decide(
            mesh,
            sales.load(),
            sales.reviews()[0],
            Action.RELEASE,
            identities(mesh),
            why="I may",
        )
    with pytest.raises(UsageError, match="a name in the launchpad proves nothing"):
        identities(mesh, "owner@example.org")


@pytest.mark.parametrize(
    ("action", "rest", "told"),
    [
        ("release", {"why": " "}, "needs a reason"),
        ("release", {"why": "..."}, "needs a reason"),
        ("discard", {"until": NOW + timedelta(days=9)}, "has no end"),
        ("release", {"until": NOW}, "is over already"),
        ("release", {"rules": ["amount_range"]}, "only a waiver names rules"),
        ("waive", {"rules": ["amount_maximum"]}, "none of the rules that do not hold"),
    ],
)
def test_a_decision_that_makes_no_sense_is_refused_and_not_recorded(
    sales: Any, action: str, rest: dict[str, Any], told: str
) -> None:
    with frozen(NOW), pytest.raises(UsageError, match=told):
        sales.decide(action, NEXT, **rest)
    assert rulings_of(sales.mesh, sales.load()) == []


def test_a_waiver_of_what_has_no_partitions_needs_an_end(shop: Any) -> None:
    amount = {"physicalType": "BIGINT", "logicalTypeOptions": {"minimum": 0}}
    shop.product("shop/prices/v1", {"amount": amount}, {"amount": [-1]})
    shop.name_owners(OWNER)
    shop.make(address="shop/prices")
    with pytest.raises(UsageError, match="needs an end"):
        shop.decide("waive", review=shop.reviews()[0])
    with frozen(NOW):
        made = shop.decide("waive", review=shop.reviews()[0], until=NOW + timedelta(days=30))
    assert made.outcome is Outcome.RELEASED


@pytest.mark.parametrize(
    "actions", [("release", "discard"), ("release", "release"), ("reaudit", "discard", "release")]
)
def test_of_people_who_decide_at_once_one_wins_and_the_others_are_told_who(
    sales: Any, actions: tuple[str, ...]
) -> None:
    (review,) = sales.reviews(partition=NEXT)
    people = [OWNER, "other@example.org"]
    processes = [
        subprocess.Popen(
            [sys.executable, WORLD, "rule", str(sales.root), who, action, review.id],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for action, who in zip(actions, people * 2, strict=False)
    ]
    assert [process.stdout.readline() for process in processes] == ["looked\n"] * len(actions)
    for process in processes:
        process.stdin.write("now\n")
        process.stdin.flush()
    said = [process.communicate(timeout=240)[0].strip() for process in processes]
    assert [process.returncode for process in processes] == [0] * len(actions)
    (won,) = [each for each in said if each.startswith("won")]
    lost = [each for each in said if each.startswith("lost MESH-M045")]
    assert len(lost) == len(actions) - 1, said
    (ruling,) = rulings_of(sales.mesh, sales.load())
    assert all(f"{ruling.by.name} (environment, unverified) was first" in each for each in lost)
    shown = {"released": {DAY: [1], NEXT: [-1]}}.get(won.split()[1], {DAY: [1]})
    assert sales.amounts() == shown
    assert len(snapshots(sales.mesh, ADDRESS)) == len(shown)


def test_a_decision_that_a_killed_process_had_begun_is_carried_out_by_the_next(
    sales: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (review,) = sales.reviews(partition=NEXT)
    code = (
        f"import os, sys; sys.path.insert(0, {str(Path(WORLD).parent)!r}); import world\n"
        "from mesh_dagster.products.deciding import rulings\n"
        "rulings.release = lambda *a: os.kill(os.getpid(), 9)\n"
        f"world.Shop(world.Path({str(sales.root)!r})).decide('release', {NEXT!r})"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
    assert sales.amounts() == {DAY: [1]}
    (waiting,) = sales.reviews(partition=NEXT)
    assert waiting.ruling is not None
    assert waiting.ruling.state is RulingState.BEGUN
    # Whoever comes next finds it, whatever he is about.
    with pytest.raises(JournalError, match="released"):
        sales.decide("discard", review=waiting)
    assert sales.amounts() == {DAY: [1], NEXT: [-1]}
    assert [each.state for each in rulings_of(sales.mesh, sales.load())] == [RulingState.DONE]
    assert _history(sales, review)[-1].by == OWNER


@pytest.mark.parametrize("silent", ["storage", "journal"])
def test_a_decision_that_an_outage_ended_is_carried_out_by_whoever_comes_next(
    sales: Any, silent: str
) -> None:
    """Its process lives on, as a code server does."""
    (review,) = sales.reviews(partition=NEXT)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rulings, "release", _outage_of(silent, patch))
        with pytest.raises(StorageError, match="does not answer"):
            sales.decide("release", NEXT)
    assert sales.amounts() == {DAY: [1]}
    assert [each.state for each in rulings_of(sales.mesh, sales.load())] == [RulingState.BEGUN]
    with pytest.raises(JournalError, match="released"):
        sales.decide("discard", review=sales.reviews(partition=NEXT)[0])
    assert sales.amounts() == {DAY: [1], NEXT: [-1]}
    assert [each.state for each in rulings_of(sales.mesh, sales.load())] == [RulingState.DONE]
    assert _history(sales, review)[-1].by == OWNER


@pytest.mark.parametrize("silent", ["storage", "journal"])
def test_who_carries_on_a_decision_and_meets_an_outage_leaves_it_to_the_next(
    sales: Any, silent: str
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rulings, "release", _outage_of("storage", patch))
        with pytest.raises(StorageError):
            sales.decide("release", NEXT)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rulings, "release", _outage_of(silent, patch))
        with pytest.raises(MeshError):
            sales.make(DAY)
    sales.make(DAY)
    assert sales.amounts() == {DAY: [1], NEXT: [-1]}
    assert [each.state for each in rulings_of(sales.mesh, sales.load())] == [RulingState.DONE]


def _outage_of(silent: str, patch: pytest.MonkeyPatch) -> Callable[..., None]:
    """What a release runs into: from then on one of the two gives no answer."""

    def release(*_: object) -> None:
        if silent == "storage":
            patch.setattr(pointer, "since", storage)
        else:
            patch.setattr("mesh_dagster.journal.database.Database.writing", _locked)
        storage()

    def storage(*_: object) -> None:
        raise StorageError("the storage does not answer")

    return release
