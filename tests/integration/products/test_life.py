"""A product is promoted on evidence, ends on a day that its readers know, and leaves a trace."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from mesh_dagster import clock
from mesh_dagster.descriptors.editing import custom, edited
from mesh_dagster.errors import MeshError, NeverPublished, UsageError
from mesh_dagster.model.access import Effect, Grant
from mesh_dagster.model.address import Address
from mesh_dagster.model.identity import Identity
from mesh_dagster.model.life import Need, life_of
from mesh_dagster.model.principal import Principal
from mesh_dagster.model.product import Stage
from mesh_dagster.products.governing import moves
from mesh_dagster.products.keeping.alerting import tell
from mesh_dagster.products.telling.describe import tell_domain
from mesh_dagster.registry.grants import put_grants

OWNER = Identity("owner@example.org", "environment", False, "MESH_USER", ("owner@example.org",))
STRANGER = Identity("nobody", "os", True, "", ("nobody",))
TEA, DESK = "shop/tea/v1", "desk/board/v1"
ROWS = {"day": [date(2013, 11, 1)], "item": ["tea"], "amount": [3]}
TYPES = {"day": "DATE", "item": "VARCHAR", "amount": "BIGINT"}
LEVELS = [{"property": "frequency", "value": 1, "unit": "d"}]
NOON = datetime(2013, 11, 8, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _noon() -> Iterator[None]:
    with clock.frozen(NOON):
        yield


@pytest.fixture
def shop(world: ModuleType, tmp_path: Path) -> Any:
    """`shop/tea` in alpha, of which nobody has said much, and `desk/board`, which reads it."""
    made = world.Shop.new(tmp_path, lifecycle={"score": 1, "keptDays": 0})
    made.product(TEA, TYPES, ROWS, stage="alpha", levels=LEVELS)
    copy = "def transform(tea):\n    return tea\n"
    made.product(DESK, TYPES, inputs={"tea": "mesh://shop/tea/v1"}, transform=copy)
    made.name_owners("owner@example.org")
    return made


def edit(shop: Any, changes, address: str = TEA, name: str = "product.odps.yaml") -> Path:
    file = shop.load(address).folder / name
    file.write_text(edited(file.read_text(), changes, name))
    return file


def describe(shop: Any) -> Path:
    """Say of the tea what a product says of itself, with a remark of a person."""
    file = edit(
        shop,
        {("description",): {"purpose": "What is drunk."}, custom("useCases"): ["Order more tea"]},
    )
    file.write_text(file.read_text().replace("value: alpha", "value: alpha  # for now"))
    return file


def weigh(shop: Any) -> moves.Promotion:
    return moves.weigh(shop.mesh, shop.load(TEA))


def promote(shop: Any, who: Identity = OWNER):
    return moves.promote(shop.mesh, shop.load(TEA), [who], why="it is time")


def deprecate(shop: Any, day: str, address: str = TEA, **rest):
    sunset = date.fromisoformat(day)
    return moves.deprecate(shop.mesh, shop.load(address), [OWNER], sunset=sunset, **rest)


def grant(shop: Any) -> None:
    """Let the desk read the tea while it is in beta."""
    who, until = Principal.parse("domain:desk"), NOON + timedelta(days=90)
    given = Grant(
        "g1", Effect.ALLOW, who, Address.parse(TEA), "to serve it", NOON, until, "owner@example.org"
    )
    put_grants(shop.mesh.documents, "shop", NOON, lambda known: replace(known, grants=(given,)))


def transitions(shop: Any) -> list:
    with shop.mesh.journal("shop") as journal:
        return journal.lives.of("shop/tea/v1")


def told(shop: Any, domain: str) -> list[str]:
    """What the people of a domain were told."""
    mesh = shop.mesh
    (found,) = [each for each in mesh.domains if each.name == domain]
    tell(mesh, found)
    with mesh.journal(domain) as journal:
        return [alert.event.summary for alert in journal.outbox.alerts(100)][::-1]


def test_each_piece_of_evidence_is_looked_up_and_what_is_missing_is_named(shop: Any) -> None:
    found = weigh(shop)
    assert (found.before, found.after) == (Stage.ALPHA, Stage.BETA)
    assert found.missing == (Need.PURPOSE, Need.USE_CASE, Need.PUBLISHED)
    describe(shop)
    shop.make(address=TEA)
    assert weigh(shop).missing == ()
    seen = {each.need: each.seen for each in weigh(shop).evidence}
    assert seen[Need.PURPOSE] == "What is drunk."
    assert seen[Need.OWNER] == "owner@example.org"
    assert seen[Need.SERVICE_LEVEL] == "frequency"
    assert seen[Need.PUBLISHED].startswith("number 1 at 2013-11-08")


def test_what_policies_will_ask_of_the_next_stage_is_said_before(
    world: ModuleType, tmp_path: Path
) -> None:
    made = world.Shop.new(tmp_path, policies={"sets": ["standard"]})
    made.product(TEA, TYPES, ROWS, stage="alpha", levels=LEVELS)
    found = {
        stage: {each.code for each in moves.objections(made.mesh, made.load(TEA), stage)}
        for stage in (Stage.ALPHA, Stage.BETA)
    }
    assert "purpose-and-use-case" in found[Stage.BETA] - found[Stage.ALPHA]
    assert "stage-has-evidence" not in found[Stage.BETA]


def test_without_evidence_nobody_promotes_and_nothing_is_written(shop: Any) -> None:
    before = (shop.load(TEA).folder / "product.odps.yaml").read_text()
    with pytest.raises(UsageError) as refused:
        promote(shop)
    assert refused.value.code == "MESH-P041"
    assert "purpose: nobody says what it is for" in refused.value.what
    assert (shop.load(TEA).folder / "product.odps.yaml").read_text() == before
    assert transitions(shop) == []


def test_only_an_owner_promotes(shop: Any) -> None:
    describe(shop)
    shop.make(address=TEA)
    with pytest.raises(UsageError) as refused:
        promote(shop, STRANGER)
    assert refused.value.code == "MESH-M044"
    assert life_of(shop.load(TEA).product) is Stage.ALPHA


def test_a_promotion_is_in_the_file_with_its_comments_and_on_the_record(shop: Any) -> None:
    file = describe(shop)
    shop.make(address=TEA)
    before = file.read_text()
    made = promote(shop)
    assert file.read_text() == before.replace("value: alpha  # for now", "value: beta  # for now")
    (recorded,) = transitions(shop)
    assert recorded == made_as_kept(made)
    assert recorded.by.name == "owner@example.org"
    assert recorded.why == "it is time"
    assert {each.need for each in recorded.evidence} == {
        Need.PURPOSE, Need.OWNER, Need.USE_CASE, Need.SERVICE_LEVEL, Need.PUBLISHED,
    }  # fmt: skip


def made_as_kept(made):
    """A transition as the journal gives it back: without fixes, and without other names."""
    evidence = tuple(replace(each, fix=None) for each in made.evidence)
    return replace(made, evidence=evidence, by=replace(made.by, names=()))


def test_stable_takes_a_reader_elsewhere_that_is_well_served(shop: Any) -> None:
    describe(shop)
    shop.make(address=TEA)
    promote(shop)
    found = weigh(shop)
    assert found.after is Stage.STABLE
    assert found.missing == (Need.SATISFIED_READER,)
    seen = {each.need: each.seen for each in found.evidence}
    assert seen[Need.ONE_READER] == "desk"
    assert seen[Need.SATISFIED_READER] == "desk/board/v1 has not read it yet"
    grant(shop)
    shop.make(address=DESK)
    assert weigh(shop).missing == ()
    assert promote(shop).after is Stage.STABLE
    assert [each.after for each in transitions(shop)] == [Stage.BETA, Stage.STABLE]
    with pytest.raises(UsageError, match="is stable, and what is stable cannot be promoted"):
        weigh(shop)


def test_beta_is_for_as_many_domains_as_the_mesh_says(shop: Any) -> None:
    describe(shop)
    shop.make(address=TEA)
    promote(shop)
    copy = "def transform(tea):\n    return tea\n"
    shop.product("bar/list/v1", TYPES, inputs={"tea": "mesh://shop/tea/v1"}, transform=copy)
    seen = {each.need: each for each in weigh(shop).evidence}
    assert not seen[Need.ONE_READER].there
    assert seen[Need.ONE_READER].seen == "bar, desk: 2 domains, and beta is for 1"


def test_service_levels_have_to_be_kept_for_a_while(shop: Any) -> None:
    text = (shop.root / "mesh.yaml").read_text().replace("keptDays: 0", "keptDays: 7")
    (shop.root / "mesh.yaml").write_text(text)
    describe(shop)
    shop.make(address=TEA)
    promote(shop)
    seen = {each.need: each for each in weigh(shop).evidence}
    assert not seen[Need.LEVELS_KEPT].there
    assert "0 days only; 7 days are asked for" in seen[Need.LEVELS_KEPT].seen


def test_a_deprecation_is_in_every_file_and_readers_hear_of_it_at_once(shop: Any) -> None:
    shop.make(address=TEA)
    assert told(shop, "desk") == []
    shop.product("shop/tea/v2", TYPES, ROWS)
    made = deprecate(shop, "2014-01-31", why="two leaves", instead=Address.parse("shop/tea/v2"))
    assert (made.before, made.after) == (Stage.ALPHA, Stage.DEPRECATED)
    loaded = shop.load(TEA)
    said = loaded.product.deprecation
    assert (str(said.sunset), str(said.instead), said.why) == (
        "2014-01-31", "mesh://shop/tea/v2", "two leaves",
    )  # fmt: skip
    assert loaded.product.version == "1.1.0"
    assert {each.version for each in loaded.product.outputs} == {"1.1.0"}
    assert {(each.status, each.version) for each in loaded.contracts.values()} == {
        ("deprecated", "1.1.0")
    }
    heard = told(shop, "desk")
    assert len([each for each in heard if "is deprecated since 1.1.0" in each]) == 1
    assert any("sunset 2014-01-31, read shop/tea/v2 instead" in each for each in heard)
    assert told(shop, "desk") == heard, "nothing is told twice"


def test_readers_have_the_time_that_the_mesh_promises_and_never_less_than_they_were_told(
    shop: Any,
) -> None:
    with pytest.raises(UsageError, match="less than 30 days") as refused:
        deprecate(shop, "2013-11-20")
    assert refused.value.fix == "mesh deprecate shop/tea/v1 --sunset 2013-12-08"
    deprecate(shop, "2014-01-31")
    with pytest.raises(UsageError, match="were told 2014-01-31"):
        deprecate(shop, "2014-01-01")
    deprecate(shop, "2014-03-01")
    assert str(shop.load(TEA).product.deprecation.sunset) == "2014-03-01"


def test_readers_are_reminded_the_oftener_the_nearer_the_day_is(shop: Any) -> None:
    shop.make(address=TEA)
    told(shop, "desk")
    deprecate(shop, "2014-01-31")
    reminded = []
    for left in (60, 31, 30, 29, 20, 14, 13, 8, 7, 6, 5, 1, 0, -1, -2):
        at = date(2014, 1, 31) - timedelta(days=left)
        with clock.frozen(datetime.combine(at, time(6), UTC)):
            told(shop, "shop")
            before = len(told(shop, "desk"))
            heard = told(shop, "shop")
            reminded += [left] if any(_is_new(each, left) for each in heard) else []
            assert len(told(shop, "desk")) == before
    assert reminded == [30, 14, 7, 6, 5, 1, 0, -1]
    assert any(
        each == "upstream shop/tea/v1 ends on 2014-01-31, in 7 days" for each in told(shop, "desk")
    )


def _is_new(said: str, left: int) -> bool:
    ends = {0: "ends today, 2014-01-31", 1: "in 1 day"}.get(left, f"in {left} days")
    return said.endswith("and is still there") if left == -1 else said.endswith(ends)


def test_what_is_read_is_not_retired_and_its_readers_are_named(shop: Any) -> None:
    deprecate(shop, "2014-01-31")
    with clock.frozen(datetime(2014, 2, 1, tzinfo=UTC)), pytest.raises(UsageError) as refused:
        moves.retire(shop.mesh, shop.load(TEA), [OWNER])
    assert refused.value.code == "MESH-P042"
    assert "desk/board/v1 reads it at its input port `tea`" in refused.value.what
    assert life_of(shop.load(TEA).product) is Stage.DEPRECATED


def test_who_refers_to_its_keys_needs_it_as_well(shop: Any) -> None:
    link = {"to": "shop/tea/v1.yaml#schema/tea/properties/item"}
    columns = {**TYPES, "item": {"physicalType": "VARCHAR", "relationships": [link]}}
    shop.product(DESK, columns, ROWS)
    with pytest.raises(UsageError, match="desk/board/v1 refers to its keys"):
        moves.retire(shop.mesh, shop.load(TEA), [OWNER])


def test_what_is_read_by_grant_is_not_retired(shop: Any) -> None:
    shop.product(DESK, TYPES, ROWS)
    now, day = clock.now(), clock.now() + timedelta(days=9)
    reader, port = Principal.parse("domain:crew"), Address.parse(TEA)
    right = Grant("g1", Effect.ALLOW, reader, port, "", since=now, until=day, by="policy")

    def put(grant: Grant) -> None:
        change = lambda known: replace(known, grants=(grant,))  # noqa: E731
        put_grants(shop.mesh.documents, "shop", now, change)

    put(right)
    with pytest.raises(UsageError, match=f"by grant: domain:crew until {day:%Y-%m-%d}") as refused:
        moves.retire(shop.mesh, shop.load(TEA), [OWNER])
    assert refused.value.fix == "mesh access revoke g1 --why '...'"
    put(replace(right, revoked_at=now, revoked_by="owner"))
    assert moves.retire(shop.mesh, shop.load(TEA), [OWNER]).after is Stage.RETIRED


def test_what_is_retired_is_kept_told_and_neither_made_nor_read(shop: Any) -> None:
    shop.make(address=TEA)
    shop.product("shop/tea/v2", TYPES, ROWS)
    shop.make(address="shop/tea/v2")
    deprecate(shop, "2014-01-31", instead=Address.parse("shop/tea/v2"))
    edit(shop, {("inputPorts", 0, "contractId"): "mesh://shop/tea"}, DESK)
    with pytest.raises(UsageError, match="is served until 2014-01-31"):
        moves.retire(shop.mesh, shop.load(TEA), [OWNER])
    with clock.frozen(datetime(2014, 2, 1, tzinfo=UTC)):
        moves.retire(shop.mesh, shop.load(TEA), [OWNER], why="all have moved")
    mesh = shop.mesh
    assert str(mesh.resolve(Address.parse("shop/tea"))) == "mesh://shop/tea/v2"
    assert mesh.resolve(Address.parse(TEA)).path == TEA
    with pytest.raises(NeverPublished, match="is retired, and read no more; there is shop/tea/v2"):
        shop.amounts(TEA)
    assert shop.amounts(TEA, as_of=1) == {"2013-11-01": [3]}
    with pytest.raises(UsageError, match="is retired, and made no more"):
        shop.make(address=TEA)
    assert mesh.told(Address.parse(TEA)).product.status == "retired"
    assert any("shop/tea/v1 is retired since 1.2.0" in each for each in told(shop, "shop"))
    assert [each.after for each in transitions(shop)] == [Stage.DEPRECATED, Stage.RETIRED]


def test_what_was_only_tried_out_is_dropped_at_once(shop: Any) -> None:
    shop.product(DESK, TYPES, ROWS)
    shop.make(address=TEA)
    assert moves.retire(shop.mesh, shop.load(TEA), [OWNER]).before is Stage.ALPHA
    assert shop.mesh.told(Address.parse(TEA)).product.status == "retired"


def test_what_is_stable_is_deprecated_first(shop: Any) -> None:
    edit(shop, {custom("stage"): "stable"})
    with pytest.raises(UsageError) as refused:
        moves.retire(shop.mesh, shop.load(TEA), [OWNER])
    assert refused.value.code == "MESH-P040"
    assert refused.value.fix.startswith("mesh deprecate shop/tea/v1 --sunset")


def test_a_draft_becomes_active_with_its_contracts(shop: Any) -> None:
    describe(shop)
    edit(shop, {("status",): "draft"})
    edit(shop, {("status",): "draft"}, name="contract.odcs.yaml")
    assert promote(shop).after is Stage.ALPHA
    loaded = shop.load(TEA)
    assert (loaded.product.status, loaded.contracts[""].status) == ("active", "active")


def test_a_file_that_has_to_be_changed_by_hand_is_left_as_it_is(shop: Any) -> None:
    file = shop.load(TEA).folder / "product.odps.yaml"
    file.write_text(file.read_text().replace("status: active", "tags: [&s active]\nstatus: *s"))
    before = [each.read_bytes() for each in sorted(shop.load(TEA).folder.glob("*.yaml"))]
    with pytest.raises(UsageError, match="cannot be changed alone"):
        deprecate(shop, "2014-01-31")
    assert [each.read_bytes() for each in sorted(shop.load(TEA).folder.glob("*.yaml"))] == before
    assert transitions(shop) == []


def test_what_waits_of_a_retired_product_is_published_by_nobody(shop: Any) -> None:
    shop.product(DESK, TYPES, ROWS)
    shop.make(address=TEA)
    moves.retire(shop.mesh, shop.load(TEA), [OWNER])
    with pytest.raises(UsageError, match="is retired, and made no more"):
        shop.audit(TEA)
    with pytest.raises(UsageError, match="is retired, and made no more"):
        shop.rollback(1, TEA)


def test_the_tombstone_stays_when_the_folder_is_deleted(
    shop: Any, world: ModuleType, tmp_path_factory: pytest.TempPathFactory
) -> None:
    shop.product(DESK, TYPES, ROWS)
    shop.make(address=TEA)
    moves.retire(shop.mesh, shop.load(TEA), [OWNER])
    shop.product("shop/tea/v2", TYPES, ROWS)
    shutil.rmtree(shop.load(TEA).folder)
    mesh = shop.mesh
    (domain,) = [each for each in mesh.domains if each.name == "shop"]
    tell_domain(mesh, domain, list(mesh.readable("shop")))
    elsewhere = world.copied(shop.root, tmp_path_factory.mktemp("elsewhere") / "mesh")
    storage = {"storage": str(shop.root / ".mesh/storage")}
    (elsewhere.root / "mesh.yaml").write_text(yaml.safe_dump({"name": "small", **storage}))
    with pytest.raises(MeshError, match="shop/tea/v1 is retired"):
        elsewhere.amounts(TEA)
    assert elsewhere.mesh.resolve(Address.parse("shop/tea")).path == "shop/tea/v2"
