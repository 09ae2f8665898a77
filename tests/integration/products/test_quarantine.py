"""Quarantine, a second audit of the same files, going back, and telling the mesh."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from mesh_dagster.clock import frozen
from mesh_dagster.errors import EvaluationError, UnknownAddress
from mesh_dagster.model.address import Address
from mesh_dagster.model.snapshot import Outcome, PublicationKind
from mesh_dagster.products.auditing.clean import clean
from mesh_dagster.products.deciding.reaudit import quarantined, rows_that_fail
from mesh_dagster.products.reading.query import query
from mesh_dagster.products.reading.read import publication_at, read
from mesh_dagster.products.reading.snapshots import published_since, snapshots
from mesh_dagster.products.telling.describe import tell

DAY, NEXT, THIRD = "2013-11-01", "2013-11-02", "2013-11-03"
ADDRESS = Address.parse("shop/sales/v1")


def _waiting(shop: Any) -> list[str | None]:
    return [each.decision.partition for each in quarantined(shop.mesh, shop.load())]


def test_a_corrected_contract_releases_the_very_files_that_were_staged(
    anywhere: Any, world: ModuleType
) -> None:
    anywhere.product(rows=world.sold({DAY: [1], NEXT: [-1], THIRD: [-9]}))
    attempt = anywhere.make(DAY, NEXT, THIRD)
    staged = {file: anywhere.mesh.storage.read(file) for file in anywhere.files(attempt.id)}
    assert _waiting(anywhere) == [NEXT, THIRD]
    world.correct(anywhere, -5)
    anywhere.feed(world.sold({NEXT: [77]}))
    decisions = anywhere.audit()
    assert [(each.partition, each.outcome) for each in decisions] == [
        (NEXT, Outcome.RELEASED),
        (THIRD, Outcome.QUARANTINED),
    ]
    assert anywhere.amounts() == {DAY: [1], NEXT: [-1]}
    assert {file: anywhere.mesh.storage.read(file) for file in anywhere.files(attempt.id)} == staged
    opened = {anywhere.mesh.storage.path(key) for key in staged}
    assert set(read("shop/sales", mesh=anywhere.mesh).files) < opened
    assert _waiting(anywhere) == [THIRD]
    # Consumers are told by the publication, of that partition only.
    newest, _ = snapshots(anywhere.mesh, ADDRESS)
    assert (newest.kind, newest.partitions) == (PublicationKind.REAUDIT, (NEXT,))
    assert [each.number for each in published_since(anywhere.mesh, ADDRESS, 1)] == [2]


def test_a_release_lets_a_waiting_consumer_go_on(shop: Any, world: ModuleType) -> None:
    shop.product(rows=world.sold({DAY: [-1]}))
    shop.product(
        "shop/totals/v1",
        {"day": "DATE", "amount": "BIGINT"},
        inputs={"sales": "mesh://shop/sales/v1"},
        partitions=world.DAILY,
        sql="select day, sum(amount)::bigint as amount from sales group by day",
    )
    shop.make(DAY)
    world.correct(shop, -5)
    shop.audit()
    shop.make(DAY, address="shop/totals")
    assert shop.amounts("shop/totals") == {DAY: [-1]}


def test_the_rows_that_fail_are_shown_to_their_owner(shop: Any, world: ModuleType) -> None:
    shop.product(rows=world.sold({DAY: [1, -2, -3]}))
    shop.make(DAY)
    (waiting,) = quarantined(shop.mesh, shop.load())
    (failure,) = waiting.failures
    rows = rows_that_fail(shop.mesh, shop.load(), waiting, failure, limit=1)
    assert rows["amount"].to_list() == [-2]
    contract = shop.load().folder / "contract.odcs.yaml"
    kept = [line for line in contract.read_text().splitlines() if "minimum" not in line]
    contract.write_text("\n".join(kept).replace("logicalTypeOptions:", "description: Money."))
    with pytest.raises(EvaluationError, match=r"has no rule .* any more"):
        rows_that_fail(shop.mesh, shop.load(), waiting, failure)


def test_rows_that_share_a_key_with_another_partition_are_shown(
    shop: Any, world: ModuleType
) -> None:
    rows = world.sold({DAY: [1], NEXT: [2]}).select("day", "item")
    shop.product("shop/sales/v1", {"day": "DATE", "item": "VARCHAR"}, rows, key=["item"],
                 partitions=world.DAILY)  # fmt: skip
    shop.make(DAY)
    shop.make(NEXT)
    (waiting,) = quarantined(shop.mesh, shop.load())
    (failure,) = waiting.failures
    assert rows_that_fail(shop.mesh, shop.load(), waiting, failure)["item"].to_list() == ["tea"]


def test_a_newer_publication_closes_the_quarantine(shop: Any, world: ModuleType) -> None:
    shop.product(rows=world.sold({DAY: [-1]}))
    old = shop.make(DAY)
    shop.feed(world.sold({DAY: [1]}))
    shop.make(DAY)
    assert _waiting(shop) == []
    world.correct(shop, -5)
    assert shop.audit() == ()
    assert shop.amounts() == {DAY: [1]}
    with shop.mesh.journal("shop") as journal:
        assert world.outcomes(journal.attempt(old.id)) == {DAY: Outcome.SUPERSEDED}


def test_rules_are_audited_anew_and_their_results_stay_on_the_record(
    shop: Any, world: ModuleType
) -> None:
    shop.product(rows=world.sold({DAY: [-9]}))
    attempt = shop.make(DAY)
    world.correct(shop, -5)
    (decision,) = shop.audit()
    assert decision.outcome is Outcome.QUARANTINED
    with shop.mesh.journal("shop") as journal:
        history = journal.history(attempt.id, DAY)
    assert len(history) == 2
    messages = [next(r.message for r in each.decision.results if r.blocks) for each in history]
    assert messages[0] != messages[1]
    assert "-5" in messages[1]


def test_going_back_publishes_an_earlier_state_again(anywhere: Any, world: ModuleType) -> None:
    anywhere.product(rows=world.sold({DAY: [1]}))
    for amount in (1, 2):
        anywhere.feed(world.sold({DAY: [amount], NEXT: [amount]}))
        anywhere.make(*((DAY,) if amount == 1 else (DAY, NEXT)))
    back = anywhere.rollback(1)
    assert (back.number, back.kind) == (3, PublicationKind.ROLLBACK)
    assert back.partitions == (DAY, NEXT)
    assert anywhere.amounts() == {DAY: [1]}
    assert anywhere.amounts(as_of=2) == {DAY: [2], NEXT: [2]}
    with anywhere.mesh.journal("shop") as journal:
        assert [each.number for each in journal.publications(ADDRESS.path)] == [3, 2, 1]
        assert world.outcomes(journal.attempt(back.attempt)) == {
            DAY: Outcome.PUBLISHED,
            NEXT: Outcome.DISCARDED,
        }
        (line,) = journal.summary()
    assert line.product == ADDRESS.path
    anywhere.make(DAY)
    assert anywhere.amounts() == {DAY: [2]}


def test_there_is_no_going_back_to_what_never_was(shop: Any, world: ModuleType) -> None:
    shop.product(rows=world.sold({DAY: [1]}))
    shop.make(DAY)
    with pytest.raises(UnknownAddress, match="no publication 7"):
        shop.rollback(7)
    assert [each.number for each in snapshots(shop.mesh, ADDRESS)] == [1]


def test_what_waited_when_its_product_went_back_is_superseded(shop: Any, world: ModuleType) -> None:
    shop.product(rows=world.sold({DAY: [1]}))
    shop.make(DAY)
    shop.feed(world.sold({DAY: [2]}))
    shop.make(DAY)
    shop.feed(world.sold({DAY: [-1], NEXT: [-2]}))
    shop.make(DAY, NEXT)
    shop.rollback(1)
    world.correct(shop, -5)
    done = {each.partition: each.outcome for each in shop.audit()}
    # The owner chose a state of the first day after it was staged; of the second nobody did.
    assert done == {NEXT: Outcome.RELEASED}
    assert shop.amounts() == {DAY: [1], NEXT: [-2]}
    assert _waiting(shop) == []


def test_a_clean_up_keeps_what_waits_and_what_is_published(shop: Any, world: ModuleType) -> None:
    now = datetime(2013, 11, 8, tzinfo=UTC)
    shop.product(rows=world.sold({DAY: [1], NEXT: [-1]}))
    with frozen(now):
        attempt = shop.make(DAY, NEXT)
    with frozen(now + timedelta(days=400)), shop.mesh.journal("shop") as journal:
        clean(shop.mesh, shop.load(), journal)
    world.correct(shop, -5)
    assert [each.outcome for each in shop.audit()] == [Outcome.RELEASED]
    assert shop.amounts() == {DAY: [1], NEXT: [-1]}
    assert len(shop.files(attempt.id)) >= 2


def test_a_document_is_written_only_when_it_says_something_new(
    shop: Any, world: ModuleType
) -> None:
    shop.product(rows=world.sold({DAY: [1]}))
    shop.make(DAY)
    file = Path(shop.mesh.config.registry, "shop/discovery.json")
    first = file.stat()
    assert not tell(shop.mesh, shop.load())
    assert file.stat().st_ino == first.st_ino
    world.correct(shop, -5)
    assert tell(shop.mesh, shop.load())
    assert file.stat().st_ino != first.st_ino
    (told,) = json.loads(file.read_text())["products"]
    assert told["address"] == "mesh://shop/sales/v1"


def test_a_checkout_without_the_domain_reads_by_documents_and_pointers_alone(
    shop: Any, world: ModuleType, tmp_path: Path
) -> None:
    rows = world.sold({DAY: [1], NEXT: [2]})
    shop.product(rows=rows, transform=world.TWO_PORTS, ports={"late": world.LATE})
    shop.make(DAY, NEXT)
    kept = shop.mesh.config
    other = world.Shop.new(tmp_path / "other", storage=kept.storage, registry=kept.registry)
    (shop.root / "domains").rename(tmp_path / "gone")
    assert other.amounts("shop/sales") == {DAY: [1], NEXT: [2]}
    assert other.amounts("shop/sales/v1/late", as_of=1) == {DAY: [1], NEXT: [2]}
    assert query("select sum(amount) s from shop.sales", mesh=other.mesh).to_pylist() == [{"s": 3}]
    other.product(
        "books/totals/v1",
        {"day": "DATE", "amount": "BIGINT"},
        inputs={"sales": "mesh://shop/sales/v1"},
        partitions=world.DAILY,
        sql="select day, amount from sales",
    )
    other.make(NEXT, address="books/totals")
    assert other.amounts("books/totals") == {NEXT: [2]}
    assert publication_at(other.mesh, ADDRESS).number == 1
    with pytest.raises(UnknownAddress, match="files are not in this checkout"):
        other.load("shop/sales")
    assert not (other.root / ".mesh/journals/shop.db").exists()
