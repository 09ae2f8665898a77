"""A run of a product: what is published is told as materialized, and nothing else."""

from __future__ import annotations

import dagster as dg

DAYS = ("2013-11-01", "2013-11-02", "2013-11-03")
SALES = dg.AssetKey(["shop", "sales", "v1"])
AMOUNT = dg.AssetCheckKey(SALES, "amount_range")


def _messages(result: dg.ExecuteInProcessResult) -> str:
    return "\n".join(
        event.event_specific_data.error.message
        for event in result.all_events
        if event.event_type_value == "STEP_FAILURE"
    )


def _evaluations(result: dg.ExecuteInProcessResult) -> dict[str, dg.AssetCheckEvaluation]:
    return {each.check_name: each for each in result.get_asset_check_evaluations()}


def test_a_partition_that_keeps_its_contract_is_published(mesh, run, instance) -> None:
    result = run(mesh.definitions("shop"), SALES, partitions=DAYS[:1])
    assert result.success
    assert instance.get_materialized_partitions(SALES) == {DAYS[0]}
    (event,) = result.get_asset_materialization_events()
    told = event.materialization.metadata
    assert told["dagster/partition_row_count"].value == 2
    assert event.materialization.tags["dagster/data_version"] == str(told["publication"].value)


def test_of_a_range_the_good_partitions_are_published_and_the_bad_are_not(
    mesh, run, instance
) -> None:
    result = run(mesh.definitions("shop"), SALES, partitions=DAYS)
    assert not result.success
    assert instance.get_materialized_partitions(SALES) == set(DAYS[:2])
    assert "quarantined, not published: 2013-11-03" in _messages(result)
    evaluations = _evaluations(result)
    bad = [name for name, each in evaluations.items() if not each.passed]
    assert {evaluations[name].severity.value for name in bad} == {"ERROR", "WARN"}
    blocking = next(
        evaluations[name] for name in bad if evaluations[name].severity.value == "ERROR"
    )
    records = blocking.metadata["failing_partitions"].records
    assert [record.data["partition"] for record in records] == ["2013-11-03"]
    assert "contract.odcs.yaml:" in blocking.metadata["contract"].value


def test_a_warning_alone_does_not_keep_a_partition_back(mesh, run, instance) -> None:
    result = run(mesh.definitions("shop"), SALES, partitions=DAYS[1:2])
    assert result.success
    assert instance.get_materialized_partitions(SALES) == {DAYS[1]}
    warned = [each for each in _evaluations(result).values() if not each.passed]
    assert [each.severity.value for each in warned] == ["WARN"]


def test_checks_alone_audit_all_that_is_published_and_materialize_nothing(
    mesh, run, instance
) -> None:
    defs = mesh.definitions("shop")
    run(defs, SALES, partitions=DAYS[:1])
    run(defs, SALES, partitions=DAYS[1:2])
    keys = defs.get_repository_def().asset_graph.get(SALES).check_keys
    for _ in range(2):
        result = run(defs, checks=set(keys))
        assert result.success
        assert result.get_asset_materialization_events() == []
        assert {dg.AssetCheckKey(SALES, name) for name in _evaluations(result)} == set(keys)


def test_a_failed_transform_names_its_own_line_and_publishes_nothing(mesh, run, instance) -> None:
    code = mesh.folder("shop", "sales") / "transform.py"
    code.write_text("def transform(till):\n    raise ValueError('no till')\n")
    result = run(mesh.definitions("shop"), SALES, partitions=DAYS[:1])
    assert not result.success
    assert "MESH-M012" in _messages(result)
    assert "transform.py:2" in _messages(result)
    assert instance.get_materialized_partitions(SALES) == set()


def test_a_run_without_a_partition_says_how_to_name_one(mesh, run) -> None:
    result = run(mesh.definitions("shop"), SALES)
    assert not result.success
    assert "--partition" in _messages(result)


def test_what_was_read_is_on_the_materialization(mesh, run) -> None:
    run(mesh.definitions("shop"), SALES, partitions=DAYS[:1])
    totals = dg.AssetKey(["reports", "totals", "v1"])
    result = run(mesh.definitions("reports"), totals, partitions=DAYS[:1])
    assert result.success
    (event,) = result.get_asset_materialization_events()
    assert event.materialization.metadata["read/sales"].value == (
        "mesh://shop/sales/v1 publication 1"
    )


def test_dagster_draws_which_columns_a_column_is_made_of(mesh, run, instance) -> None:
    totals = dg.AssetKey(["reports", "totals", "v1"])
    run(mesh.definitions("shop"), SALES, partitions=DAYS[:1])
    run(mesh.definitions("reports"), totals, partitions=DAYS[:1])
    event = instance.get_latest_materialization_event(totals)
    drawn = event.asset_materialization.metadata["dagster/column_lineage"].value
    assert drawn.deps_by_column == {
        "day": [dg.TableColumnDep(SALES, "day")],
        "amount": [dg.TableColumnDep(SALES, "amount")],
    }
    made = instance.get_latest_materialization_event(SALES).asset_materialization
    assert "dagster/column_lineage" not in made.metadata
