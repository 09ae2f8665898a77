"""What the standard policies find, and what they leave alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from effort import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from mesh_dagster.model.address import Address
from mesh_dagster.model.contract import Property
from mesh_dagster.model.discovery import About, Facts, ObservedRead
from mesh_dagster.model.finding import Severity
from mesh_dagster.model.lineage import ColumnLineage, InputColumn, Use
from mesh_dagster.model.mask import Mask, MaskKind
from mesh_dagster.model.policy import Moment
from mesh_dagster.model.principal import Principal
from mesh_dagster.model.product import (
    Archetype,
    Deprecation,
    InputPort,
    Member,
    Product,
    Stage,
    Status,
)
from mesh_dagster.model.service_level import ServiceLevel
from mesh_dagster.policies import standard
from mesh_dagster.policies.examples import (
    COLUMNS,
    NOW,
    ORDERS,
    PEOPLE,
    column,
    contract,
    custom,
    described,
    example,
    output,
    product,
    reads,
)
from mesh_dagster.policies.policy import Policy
from mesh_dagster.policies.standard import STANDARD
from mesh_dagster.policies.standard.changes import published
from mesh_dagster.policies.view import Asked, View
from mesh_dagster.registry.described import Described
from mesh_dagster.registry.graph_findings import DEEPEST

CUSTOMERS = Address("crm", "customers", 1)
PARCELS = Address("delivery", "parcels", 1)
EMAIL = column("email", classification="pii")


def told(policy: type[Policy], view: View, **options: Any) -> list[str]:
    return [each.message for each in policy(**options).check(view)]


def with_columns(*columns: Property, **table: Any) -> View:
    return example(described(contracts={"": contract(columns=columns, table=table)}))


@pytest.mark.parametrize("policy", list(STANDARD), ids=lambda each: each.id)
def test_no_policy_has_anything_against_a_good_product(policy: type[Policy]) -> None:
    for moment in Moment:
        assert told(policy, example(moment=moment)) == []


def test_a_first_try_is_refused_by_nothing_but_law() -> None:
    """Nobody is named, nothing is said, and no promise is made: that is what alpha is for."""
    nothing = product(
        stage=Stage.ALPHA,
        archetype=Archetype.AGGREGATE,
        purpose=None,
        limitations=None,
        usage=None,
        inputs=(),
        use_cases=(),
        members=(),
        team=None,
    )
    bare = contract(
        columns=[column("Id", "integer", description=None, classification=None)],
        levels=(),
        table={"event_time": None},
    )
    view = example(described(nothing, {"": bare}), people=(), domain=About("shop"))
    asked = [each for each in STANDARD if Stage.ALPHA in each.severity]
    assert [each.id for each in asked if told(each, view)] == []
    errors = [each.id for each in asked if each.severity[Stage.ALPHA] is Severity.ERROR]
    assert errors == ["region-kept"]


def test_what_is_asked_grows_with_the_stage_and_nothing_is_asked_in_the_end() -> None:
    stages = (Stage.DRAFT, Stage.ALPHA, Stage.BETA, Stage.STABLE)
    for policy in STANDARD:
        weights = [
            (None, Severity.WARNING, Severity.ERROR).index(policy.severity.get(each))
            for each in stages
        ]
        assert weights == sorted(weights), policy.id
        assert Stage.RETIRED not in policy.severity


def test_what_keeps_a_domain_from_loading_is_known_from_its_own_files() -> None:
    at_load = {each.id for each in STANDARD if Moment.LOAD in each.moments}
    assert at_load == {
        "all-columns-classified",
        "no-source-exposed",
        "region-kept",
        "report-is-no-product",
    }


@pytest.mark.parametrize(
    ("name", "fits"),
    [("flight_date", True), ("_row", True), ("x", True), ("ab12_c", True)]
    + [
        (each, False) for each in ("flightDate", "Flight Date", "a__b", "größe", "a-b", "a_", "1st")
    ],
)
def test_columns_are_words_in_lower_case(name: str, fits: bool) -> None:
    assert (told(standard.ColumnNames, with_columns(column(name))) == []) is fits


def test_a_column_is_named_as_it_is_stored() -> None:
    stored = column("flight date", physical_name="flight_date")
    assert told(standard.ColumnNames, with_columns(stored)) == []


@pytest.mark.parametrize(
    ("name", "fits"),
    [("orders", True), ("new_orders", True), ("table", True), ("seating_plan", True)]
    + [(each, False) for each in ("orders_final", "orders_tbl", "shop_orders", "tmp")],
)
def test_a_product_is_named_for_what_it_is(name: str, fits: bool) -> None:
    view = example(product(Address("shop", name, 1)))
    assert (told(standard.LastingNames, view) == []) is fits


def test_an_owner_a_developer_and_a_contact_may_be_the_same_and_be_named_anywhere() -> None:
    ada = Member("ada", "Owner"), Member("ada", "Data Engineer")
    support = product(rest={"support": [{"channel": "shop", "url": "mailto:shop@x.example"}]})
    assert told(standard.OwnerAndContact, example(support, people=ada, domain=About("shop"))) == []
    found = told(standard.OwnerAndContact, example(people=[PEOPLE[0], Member("cy", "expert")]))
    assert found == ["nobody of its team has the role `developer`"]


def test_who_has_left_owns_and_makes_nothing() -> None:
    left = [replace(each, rest={"dateOut": "2024-02-29"}) for each in PEOPLE]
    assert len(told(standard.OwnerAndContact, example(people=left))) == 2
    still = [replace(each, rest={"dateOut": "2024-03-01"}) for each in PEOPLE]
    assert told(standard.OwnerAndContact, example(people=still)) == []


def test_an_aggregate_reads_products_of_two_domains() -> None:
    def aggregate(*inputs: InputPort) -> View:
        return example(product(archetype=Archetype.AGGREGATE, inputs=inputs))

    one, other = reads("customers", CUSTOMERS), reads("visits", Address("crm", "visits", 1))
    assert told(standard.AggregateOfDomains, aggregate()) != []
    assert told(standard.AggregateOfDomains, aggregate(one, other)) != []
    assert told(standard.AggregateOfDomains, aggregate(one, reads("parcels", PARCELS))) == []


@pytest.mark.parametrize("said", ["", "  ", "TODO", "tbd.", "Say in one sentence which question"])
def test_words_that_stand_for_none_do_not_count(said: str) -> None:
    assert told(standard.PurposeAndUse, example(product(purpose=said))) != []
    assert told(standard.PurposeAndUse, example(product(use_cases=(said,)))) != []
    assert told(standard.ColumnsDescribed, with_columns(column("x", description=said))) != []


def test_what_lies_in_a_column_is_described_and_what_a_list_holds_is_not() -> None:
    city = column("city", description=None)
    held = [
        column("home", properties=(city,)),
        column("tags", items=Property("", "string")),
        column("dest", description="The dest."),
    ]
    assert told(standard.ColumnsDescribed, with_columns(*held)) == [
        "the column `home.city` is not described",
        "the description of `dest` repeats its name",
    ]


def test_the_event_time_is_required_and_tables_without_moments_have_none() -> None:
    at, key = column("ordered_at", "timestamp"), column("order_id", "integer")
    assert told(standard.EventTime, with_columns(key, event_time=None)) == []
    assert told(standard.EventTime, with_columns(at, event_time=None)) != []
    assert told(standard.EventTime, with_columns(at, event_time="ordered_at")) == [
        "`eventTime` is the column `ordered_at`, which may be empty"
    ]
    keyed = replace(at, primary_key=1)
    assert told(standard.EventTime, with_columns(keyed, event_time="ordered_at")) == []


@pytest.mark.parametrize(
    ("name", "kind", "fits"),
    [
        ("loaded_at", "timestamp", False),
        ("_ingestion_date", "date", False),
        ("etl_ts", "timestamp", False),
        ("loaded_at", "string", True),
        ("processed_at", "timestamp", True),
        ("unloaded_at", "timestamp", True),
        ("observed_at", "timestamp", True),
    ],
)
def test_there_is_one_time_of_recording(name: str, kind: str, fits: bool) -> None:
    assert (told(standard.RecordedTime, with_columns(column(name, kind))) == []) is fits


def keyed(path: str, kind: str, **changes: Any) -> Described:
    address = Address.parse(path)
    return described(
        product(address),
        {"": contract(address, [column("key", kind, entity="airport", **changes)])},
    )


def test_the_type_of_an_entity_is_that_of_its_home_else_that_of_most() -> None:
    mine = column("airport", "integer", entity=" Airport ")
    home = keyed("network/airports/v1", "string", primary_key=1, unique=True)
    many = [keyed(f"shop/p{at}/v1", "integer") for at in range(3)]
    found = told(standard.EntitiesTypedAlike, example(columns=[mine], others=[home, *many]))
    assert found == [
        "the column `airport` is the key of airport, as long; it is string in network/airports/v1"
    ]
    assert told(standard.EntitiesTypedAlike, example(columns=[mine], others=many)) == []
    others = [keyed(f"shop/p{at}/v1", "string") for at in range(2)]
    assert told(standard.EntitiesTypedAlike, example(columns=[mine], others=others)) != []
    even = [keyed("shop/p/v1", "string")]
    assert told(standard.EntitiesTypedAlike, example(columns=[mine], others=even)) == []


@settings(max_examples=examples(50), deadline=None)
@given(st.lists(st.sampled_from(["string", "integer", "date"]), min_size=1, max_size=8))
def test_whoever_has_the_type_that_most_have_is_never_told(kinds: list[str]) -> None:
    most = max(kinds, key=kinds.count)
    others = [keyed(f"shop/p{at}/v1", kind) for at, kind in enumerate(kinds)]
    mine = column("airport", most, entity="airport")
    assert told(standard.EntitiesTypedAlike, example(columns=[mine], others=others)) == []


def test_every_port_promises_something_that_is_measured_and_a_retention() -> None:
    late = ORDERS.with_port("late")
    levels = (ServiceLevel("retention", "soon"), ServiceLevel("latency", 1, "h"))
    held = described(
        product(outputs=(output(ORDERS), output(late))),
        {"late": contract(late, levels=levels[:1])},
    )
    for policy in (standard.ServiceLevels, standard.Retention):
        (found,) = policy().check(example(held))
        assert found.subject == "shop/orders/v1/late"


def staged(values: Mapping[str, list[Any]], *columns: Property) -> View:
    held = described(contracts={"": contract(columns=columns)})
    return example(held, moment=Moment.PUBLISH, samples={"": values})


def test_a_column_that_is_closed_is_not_looked_at_and_an_open_class_is_no_protection() -> None:
    values = {"contact": ["ada@company.example"]}
    for said, found in ((None, 1), ("public", 1), ("pii", 0), ("internal", 0)):
        view = staged(values, column("contact", classification=said))
        assert len(told(standard.PersonalDataClassified, view)) == found


def test_what_is_classified_in_a_structure_closes_that_alone() -> None:
    mails = [f"ada{at}@company.example" for at in range(9)]
    values = {"home": [{"email": each, "seen": [each]} for each in mails]}
    seen = column("seen", classification=None, items=Property("", "string"))
    home = column("home", classification=None, properties=(EMAIL, seen))
    assert told(standard.PersonalDataClassified, staged(values, home)) == [
        "9 of 9 values of `home.seen[]` look like e-mail addresses, and it has no classification"
    ]
    whole = replace(home, classification="pii")
    assert told(standard.PersonalDataClassified, staged(values, whole)) == []


def test_no_value_of_a_sample_is_told() -> None:
    view = staged({"c1": [f"ada{at}@company.example" for at in range(9)]}, column("c1"))
    (found,) = standard.PersonalDataClassified().check(view)
    assert "ada" not in str(found)
    assert found.message.startswith("9 of 9 values of `c1` look like e-mail addresses")


def test_names_of_columns_are_looked_at_before_there_is_data() -> None:
    found = told(
        standard.PersonalDataClassified,
        with_columns(column("last_name"), column("email_count", "integer"), column("name")),
    )
    assert [each.split()[0] for each in found] == ["`last_name`"]


def test_a_port_about_nobody_needs_no_classification() -> None:
    plain = [column("a", classification=None), column("b", classification="confidential")]
    assert told(standard.AllClassified, with_columns(*plain)) == []
    inner = column("home", classification=None, properties=(EMAIL,))
    half = column("work", classification=None, properties=(EMAIL, column("x", classification=None)))
    assert told(standard.AllClassified, with_columns(inner, half)) == [
        "`home` is personal, and `work.x` has no classification"
    ]
    assert told(standard.AllClassified, with_columns(*plain, inner)) == [
        "`home` is personal, and `a` has no classification"
    ]


def test_a_port_with_a_mask_and_no_class_at_all_needs_classifications() -> None:
    hidden = column("name", classification=None, mask=Mask(MaskKind.DROP))
    who = column("crew_id", classification=None)
    assert told(standard.AllClassified, with_columns(hidden, who)) == [
        "`name` is masked, and `name` has no classification",
        "`name` is masked, and `crew_id` has no classification",
    ]


def customers(region: str | None, *columns: Property, **stated: Any) -> tuple[Described, About]:
    held = contract(CUSTOMERS, columns or [*COLUMNS, EMAIL])
    masked = CUSTOMERS.with_port("masked")
    of = product(CUSTOMERS, outputs=(output(CUSTOMERS), output(masked)), rest=custom(**stated))
    return described(of, {"": held}), About("crm", region=region)


def reading(
    own: str | None, theirs: tuple[Described, About], port: InputPort | None = None
) -> View:
    of = product(inputs=(port or reads("customers", CUSTOMERS),))
    home, about = theirs
    return example(of, domain=About("shop", region=own), others=[home], domains=[about])


def test_personal_data_stays_in_its_region_or_where_its_owner_allows() -> None:
    region = standard.RegionKept
    assert told(region, reading("eu", customers("EU"))) == []
    assert told(region, reading("us", customers(None))) == []
    assert told(region, reading("us", customers("eu", allowedRegions=["US", "uk"]))) == []
    assert told(region, reading("us", customers("eu", *COLUMNS))) == []
    assert len(told(region, reading("us", customers("eu")))) == 1
    assert len(told(region, reading(None, customers("eu")))) == 1


def test_columns_are_read_by_their_stored_names() -> None:
    theirs = customers("eu", column("Mail", physical_name="mail", classification="pii"))
    port = reads("customers", CUSTOMERS, columns=("mail",))
    assert len(told(standard.RegionKept, reading("us", theirs, port))) == 1


def test_the_columns_that_are_read_decide_and_so_does_the_port() -> None:
    found = standard.RegionKept
    theirs = customers("eu")
    without = reads("customers", CUSTOMERS, columns=("order_id", "amount"))
    with_it = reads("customers", CUSTOMERS, columns=("order_id", "email"))
    masked = reads("customers", CUSTOMERS.with_port("masked"))
    assert told(found, reading("us", theirs, without)) == []
    assert told(found, reading("us", theirs, masked)) == []
    assert told(found, reading("us", theirs, with_it)) != []


@pytest.mark.parametrize(
    ("region", "columns", "refused"),
    [("us", None, True), ("us", ("amount",), False), ("EU", None, False), (None, None, False)],
)
def test_a_read_from_another_region_is_refused(
    region: str | None, columns: tuple[str, ...] | None, refused: bool
) -> None:
    asked = Asked(ORDERS, Principal.parse("domain:sales"), region=region, columns=columns)
    view = example(
        columns=[*COLUMNS, EMAIL],
        domain=About("shop", region="eu"),
        moment=Moment.ACCESS,
        asked=asked,
    )
    assert bool(told(standard.RegionKept, view)) is refused


@settings(max_examples=examples(60), deadline=None)
@given(
    st.sets(st.sampled_from(["order_id", "amount", "email"])),
    st.sets(st.sampled_from(["order_id", "amount", "email"])),
    st.sampled_from(["eu", "us", None]),
    st.sampled_from(["eu", "us", None]),
)
def test_to_read_more_is_never_less_of_a_violation(
    some: set[str], more: set[str], own: str | None, theirs: str | None
) -> None:
    def found(names: set[str]) -> int:
        port = reads("customers", CUSTOMERS, columns=tuple(sorted(names)))
        return len(told(standard.RegionKept, reading(own, customers(theirs), port)))

    assert found(some) <= found(some | more)
    assert found({"order_id", "amount"}) == 0


def test_a_copy_is_as_personal_as_what_it_was_copied_from() -> None:
    view = standard.ClassificationCarried.failing()
    assert told(standard.ClassificationCarried, view) == [
        "`placed_by` is a copy of `email` of crm/customers/v1, which is personal, and is open"
    ]
    before = view.before
    assert before is not None
    for used in (
        InputColumn(CUSTOMERS, "email", Use.AGGREGATION),
        InputColumn(CUSTOMERS, "order_id", Use.IDENTITY),
        InputColumn(CUSTOMERS, "nothing", Use.IDENTITY),
        InputColumn(PARCELS, "email", Use.IDENTITY),
        InputColumn(None, "email", Use.IDENTITY, "file"),
    ):
        made = replace(before, facts=Facts(columns={"": ColumnLineage({"placed_by": (used,)})}))
        free = replace(view, find_before=lambda made=made: made)
        assert told(standard.ClassificationCarried, free) == []


def test_a_masked_port_is_wanted_where_something_is_confidential() -> None:
    hidden = [*COLUMNS, EMAIL]
    assert told(standard.MaskedPort, example()) == []
    assert told(standard.MaskedPort, example(columns=hidden)) != []
    both = product(outputs=(output(ORDERS), output(ORDERS.with_port("masked"))))
    assert told(standard.MaskedPort, example(both, columns=hidden)) == []


def test_what_is_derived_was_written_by_nobody() -> None:
    address = ORDERS.with_port("masked")
    derived = contract(
        address,
        [column("Hash", description=None, classification=None), column("load_ts", "timestamp")],
        levels=(),
        table={"event_time": None},
        rest=custom(maskedFrom=str(ORDERS)),
    )
    view = example(
        described(product(outputs=(output(ORDERS), output(address))), {"masked": derived})
    )
    assert [each.id for each in STANDARD if told(each, view)] == []


def test_a_breaking_change_takes_a_major_and_a_new_major_is_free() -> None:
    less = COLUMNS[:2]
    policy = standard.BreakingChangeHasMajor
    assert len(told(policy, example(columns=less, before=published()))) == 1
    assert told(policy, example(columns=[*COLUMNS, column("more")], before=published())) == []
    assert told(policy, example(columns=less)) == []
    assert told(policy, example(columns=less, before=described())) == []
    tried = published(product(stage=Stage.ALPHA))
    assert told(policy, example(columns=less, before=tried)) == []
    second = Address("shop", "orders", 2)
    bumped = described(product(second), {"": contract(second, less)})
    assert told(policy, example(bumped, before=published())) == []


@pytest.mark.parametrize(
    ("stage", "proven", "fits"),
    [
        (Stage.STABLE, {Stage.BETA, Stage.STABLE}, True),
        (Stage.STABLE, {Stage.BETA}, False),
        (Stage.BETA, {Stage.BETA}, True),
        (Stage.BETA, set(), False),
        (Stage.ALPHA, set(), True),
        (Stage.STABLE, None, True),
    ],
)
def test_a_stage_is_on_the_record_where_anybody_can_tell(
    stage: Stage, proven: set[Stage] | None, fits: bool
) -> None:
    view = example(product(stage=stage), proven=None if proven is None else frozenset(proven))
    assert (told(standard.StageHasEvidence, view) == []) is fits


def ending(days: int | None) -> Product:
    sunset = None if days is None else NOW.date() + timedelta(days=days)
    return product(status=Status.DEPRECATED, deprecation=Deprecation(sunset))


def test_readers_have_a_month_from_when_a_product_is_deprecated() -> None:
    policy = standard.DeprecationWindow
    assert told(policy, example(ending(30))) == []
    assert told(policy, example(ending(29))) != []
    assert told(policy, example(ending(29)), days=14) == []
    assert told(policy, example(ending(None))) != []
    assert told(policy, example(ending(1), before=described(ending(90)))) == []


def test_an_input_that_ends_is_told_with_what_there_is_instead() -> None:
    ends = Deprecation(NOW.date(), Address("crm", "customers", 2))
    other = product(CUSTOMERS, status=Status.DEPRECATED, deprecation=ends)
    view = example(product(inputs=(reads("customers", CUSTOMERS),)), others=[other])
    (found,) = standard.InputsLast().check(view)
    assert found.fix == "contractId: mesh://crm/customers/v2"
    assert "2024-03-01" in found.message


def test_a_chain_is_as_long_as_on_the_map() -> None:
    assert standard.ChainDepth.options["most"] == DEEPEST


def test_the_longest_chain_is_told_and_its_length_is_an_option() -> None:
    view = standard.ChainDepth.failing()
    (message,) = told(standard.ChainDepth, view)
    assert message.endswith(
        "shop/step_3/v1 → shop/step_2/v1 → shop/step_1/v1 → shop/step_0/v1 → shop/orders/v1"
    )
    assert told(standard.ChainDepth, view, most=4) == []


def test_products_that_read_each_other_have_a_chain_that_ends() -> None:
    mutual = product(CUSTOMERS, inputs=(reads("orders", ORDERS),))
    view = example(product(inputs=(reads("customers", CUSTOMERS),)), others=[mutual])
    assert len(told(standard.ChainDepth, view, most=0)) == 1


def test_what_was_read_is_held_against_what_is_declared() -> None:
    declared = product(inputs=(reads("customers", CUSTOMERS, columns=("id", "name")),))

    def found(policy: type[Policy], *made: ObservedRead) -> int:
        return len(told(policy, example(declared, observed=made)))

    whole = ObservedRead("customers", CUSTOMERS, 1, ("id", "name"))
    part = ObservedRead("customers", CUSTOMERS, 1, ("id",))
    unknown = ObservedRead("customers", CUSTOMERS, 1, None)
    other = ObservedRead("parcels", PARCELS, 1, ("id",))
    assert found(standard.DeclaredReadsMade, whole) == 0
    assert found(standard.DeclaredReadsMade, unknown) == 0
    assert found(standard.DeclaredReadsMade, part) == 1
    assert found(standard.ReadsDeclared, whole) == 0
    assert found(standard.ReadsDeclared, whole, other) == 1
    assert found(standard.ReadsDeclared) == 0
    assert found(standard.DeclaredReadsMade) == 0


def test_a_read_of_whichever_major_is_declared_by_the_product() -> None:
    loose = product(inputs=(reads("customers", Address("crm", "customers")),))
    read = ObservedRead("customers", CUSTOMERS, 1, ("id",))
    view = example(loose, observed=[read], others=[product(CUSTOMERS)])
    assert told(standard.ReadsDeclared, view) == []


@pytest.mark.parametrize(
    ("server", "fits"),
    [
        ({"type": "s3"}, True),
        ({"type": "Postgres"}, False),
        (
            {
                "type": "postgres",
                "customProperties": [{"property": "plane", "value": "analytical"}],
            },
            True,
        ),
        ({}, True),
    ],
)
def test_a_port_is_no_database_of_an_application(server: dict[str, Any], fits: bool) -> None:
    held = contract(rest={"servers": [server]})
    view = example(described(contracts={"": held}))
    assert (told(standard.NoSourceExposed, view) == []) is fits


def test_the_plane_of_a_product_and_of_its_ports_is_analytical() -> None:
    for plane, fits in (("analytical", True), ("operational", False), ("OLTP", False)):
        assert (
            told(standard.NoSourceExposed, example(product(rest=custom(plane=plane)))) == []
        ) is fits
        port = output(ORDERS, rest=custom(plane=plane))
        assert (told(standard.NoSourceExposed, example(product(outputs=(port,)))) == []) is fits


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9) | st.just("eu"),
    lambda each: (
        st.lists(each, max_size=3) | st.dictionaries(st.text(max_size=5), each, max_size=3)
    ),
    max_leaves=6,
)


@settings(max_examples=examples(80), deadline=None)
@given(ANYTHING, ANYTHING, ANYTHING, st.text(max_size=20), ANYTHING)
def test_whatever_another_domain_says_no_policy_fails(
    region: Any, allowed: Any, servers: Any, words: str, kind: Any
) -> None:
    theirs = product(
        CUSTOMERS,
        rest=custom(region=region, allowedRegions=allowed, plane=kind),
        purpose=words,
        use_cases=(words,),
        outputs=(output(CUSTOMERS, rest={"type": kind, "customProperties": servers}),),
    )
    held = contract(
        CUSTOMERS,
        [column(words or "x", type=None, entity=words, classification=words, description=words)],
        table={"rest": {"physicalType": kind}},
        rest={"servers": servers, **custom(objectives=allowed, maskedFrom=kind)},
    )
    other = described(theirs, {"": held})
    mine = product(inputs=(reads("customers", CUSTOMERS),))
    for view in (example(mine, others=[other]), example(other)):
        for policy in STANDARD:
            for each in policy().check(view):
                assert str(each)
