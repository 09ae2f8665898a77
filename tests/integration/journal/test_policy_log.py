"""When policies were asked and fired is a row a policy and product, however often it was."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from mesh_dagster.journal.policy_log import Fired, Firing

NOW = datetime(2013, 11, 8, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=30)
SALES, ITEMS = "shop/sales/v1", "shop/items/v1"


def test_a_policy_is_known_since_it_was_first_asked(journal: Any) -> None:
    log = journal.policies
    assert log.fired() == {}
    log.record(NOW, ["names-good", "chain-short"], [])
    log.record(LATER, ["names-good"], [])
    assert log.fired() == {"names-good": Fired(NOW), "chain-short": Fired(NOW)}


def test_the_last_firing_is_known_with_a_waiver_and_without(journal: Any) -> None:
    log = journal.policies
    log.record(NOW, ["names-good"], [Firing("names-good", SALES, False)])
    log.record(LATER, ["names-good"], [Firing("names-good", SALES, True)])
    assert log.fired() == {"names-good": Fired(NOW, LATER, NOW)}
    log.record(
        LATER,
        ["names-good", "chain-short"],
        [Firing("names-good", ITEMS, False), Firing("chain-short", ITEMS, True)],
    )
    assert log.fired() == {
        "names-good": Fired(NOW, LATER, LATER),
        "chain-short": Fired(LATER, LATER, None),
    }


def test_a_large_domain_is_recorded_at_once(journal: Any) -> None:
    found = [Firing("names-good", f"shop/p{each}/v1", each % 2 == 0) for each in range(2_000)]
    journal.policies.record(NOW, ["names-good"], found)
    journal.policies.record(LATER, ["names-good"], found)
    assert journal.policies.fired() == {"names-good": Fired(NOW, LATER, LATER)}


def test_what_two_domains_know_is_put_together() -> None:
    assert Fired(NOW, LATER) | Fired(LATER, LATER, NOW) == Fired(NOW, LATER, NOW)
    assert Fired(LATER) | Fired(NOW) == Fired(NOW)
