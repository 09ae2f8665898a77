"""A code location as somebody writes it who has Dagster and no mesh: the same assets and checks.

PLAIN_ASSETS says how many, PLAIN_SOURCES how many external ones. Everything that Dagster is told
of an asset by a product of the mesh is here as well: descriptions, columns, owners, tags, checks.
"""

import os
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import dagster as dg

DOMAIN = os.environ.get("PLAIN_DOMAIN", "shop0")


def check_specs(key: dg.AssetKey) -> list[dg.AssetCheckSpec]:
    stated = (
        ("schema", "the columns are those of the contract", None),
        ("order_id_required", "order_id is never empty", "order_id"),
        ("customer_required", "customer is never empty", "customer"),
        ("amount_range", "amount is at least 0", "amount"),
        ("primary_key", "order_id is never twice", "order_id"),
        ("row_count", "there is at least one row", None),
        ("slo_frequency", "frequency: every 1 d, 99 % over 30 d", None),
    )
    return [
        dg.AssetCheckSpec(
            name=name,
            asset=key,
            description=message,
            metadata={
                "severity": "error",
                "dimension": "conformity",
                "contract": f"domains/{DOMAIN}/contract.odcs.yaml:{line}",
                **({"column": column} if column else {}),
            },
        )
        for line, (name, message, column) in enumerate(stated)
    ]


def columns() -> dg.TableSchema:
    stated = (
        ("order_id", "long", "The order's number.", True),
        ("customer", "string", "Who ordered.", True),
        ("amount", "double", "What it cost, in euros.", False),
        ("note", "string", "What the customer added.", False),
    )
    return dg.TableSchema(
        [
            dg.TableColumn(
                name=name,
                type=kind,
                description=description,
                constraints=dg.TableColumnConstraints(nullable=not required),
            )
            for name, kind, description, required in stated
        ]
    )


def code_references(name: str) -> dg.CodeReferencesMetadataValue:
    files = ("product.odps.yaml", "contract.odcs.yaml", "defs.yaml", "transform.py")
    return dg.CodeReferencesMetadataValue(
        code_references=[
            dg.LocalFileCodeReference(
                file_path=f"/mesh/{DOMAIN}/{name}/{file}", line_number=1, label=file
            )
            for file in files
        ]
    )


def asset(name: str, deps: Sequence[dg.AssetKey], number: int) -> dg.AssetsDefinition:
    key = dg.AssetKey([DOMAIN, name, "v1"])
    spec = dg.AssetSpec(
        key=key,
        deps=deps,
        description="One row an order.\n\nThe orders of one segment, one row an order, for those "
        "who plan its stock.\n\n**Limitations**: Orders that were placed by telephone come a day "
        "late.\n\n**Usage**: Join it by `order_id`; amounts are in euros.",
        metadata={
            "mesh/address": f"mesh://{DOMAIN}/{name}/v1",
            "dagster/table_name": f"{DOMAIN}.{name}_v1",
            "mesh/contract_version": "1.2.0",
            "dagster/column_schema": columns(),
            "dagster/code_references": code_references(name),
        },
        group_name=DOMAIN,
        owners=[f"team:Team {DOMAIN}", "ada.li@shop.example"],
        tags={
            "orders": "",
            f"segment-{number}": "",
            "mesh/visibility": "public",
            "mesh/domain": DOMAIN,
            "mesh/product": name,
            "mesh/version": "1.2.0",
            "mesh/status": "active",
            "mesh/archetype": "aggregate",
            "mesh/stage": "stable",
        },
        kinds={"iceberg", "python"},
        skippable=True,
        automation_condition=dg.AutomationCondition.eager() if deps else None,
        freshness_policy=dg.FreshnessPolicy.time_window(fail_window=timedelta(days=1)),
    )

    @dg.multi_asset(
        name=f"{DOMAIN}__{name}__v1",
        specs=[spec],
        check_specs=check_specs(key),
        can_subset=True,
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def step(context: dg.AssetExecutionContext) -> Iterator[Any]:
        yield dg.MaterializeResult(key)

    return step


def location(assets: int, external: int) -> dg.Definitions:
    """`assets` of the domain, each but the first reading one of its own, and some external."""
    keys = [dg.AssetKey([DOMAIN, f"orders_{number:04}", "v1"]) for number in range(assets)]
    made = [
        asset(key.path[1], [keys[number // 10]] if number else [], number)
        for number, key in enumerate(keys)
    ]
    foreign = [dg.AssetSpec(["elsewhere", f"orders_{n}", "v1"]) for n in range(external)]
    sensor = dg.AutomationConditionSensorDefinition("automation", target=dg.AssetSelection.all())
    return dg.Definitions(
        assets=[*made, *foreign], sensors=[sensor], executor=dg.in_process_executor
    )


defs = location(int(os.environ["PLAIN_ASSETS"]), int(os.environ.get("PLAIN_EXTERNAL", "0")))
