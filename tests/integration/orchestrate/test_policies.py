"""What policies have against a product is a check of its first port."""

from __future__ import annotations

from typing import Any

import dagster as dg
import pytest

DAYS = ("2013-11-01",)
SALES = dg.AssetKey(["shop", "sales", "v1"])
POLICIES = dg.AssetCheckKey(SALES, "policies")


@pytest.fixture
def governed(mesh: Any) -> Any:
    """The shop, at a stage at which its readers have to be told what columns mean."""
    file = mesh.root / "mesh.yaml"
    file.write_text(
        file.read_text()
        + "governance: {members: [{username: chair}]}\n"
        + "policies:\n  sets: [standard]\n"
        + "".join(f"  {each}: {{severity: warning}}\n" for each in ("owner-and-contact",))
    )
    return mesh


def evaluated(result: dg.ExecuteInProcessResult) -> dg.AssetCheckEvaluation:
    (found,) = (
        each for each in result.get_asset_check_evaluations() if each.check_name == "policies"
    )
    return found


def test_a_run_tells_what_policies_have_against_a_product(governed: Any, run: Any) -> None:
    found = evaluated(run(governed.definitions("shop"), SALES, partitions=DAYS))
    assert not found.passed
    rows = [each.data for each in found.metadata["findings"].records]
    described = [each for each in rows if each["policy"] == "columns-described"]
    assert [each["severity"] for each in described] == ["error"] * 3
    assert "contract.odcs.yaml:" in str(described[0]["where"])


def test_a_waiver_is_told_with_what_it_waives(governed: Any, run: Any) -> None:
    (governed.root / "waivers.yaml").write_text(
        "waivers:\n- {policy: columns-described, subject: shop, by: chair, why: old, "
        "until: 2014-01-31}\n"
    )
    found = evaluated(run(governed.definitions("shop"), SALES, partitions=DAYS))
    rows = [each.data for each in found.metadata["findings"].records]
    waived = [each["waived"] for each in rows if each["policy"] == "columns-described"]
    assert waived == ["by chair up to 2014-01-31"] * 3
    assert "columns-described" not in (found.description or "")


def test_without_policies_there_is_no_such_check(mesh: Any) -> None:
    keys = mesh.definitions("shop").resolve_asset_graph().asset_check_keys
    assert SALES in {each.asset_key for each in keys}
    assert POLICIES not in keys


def test_a_product_without_a_fault_passes(governed: Any, run: Any) -> None:
    file = governed.root / "mesh.yaml"
    only = "policies: {sets: []}\n"
    file.write_text(file.read_text().partition("policies:")[0] + only)
    domain = governed.root / "domains" / "shop" / "src" / "shop" / "domain.yaml"
    domain.write_text(domain.read_text() + "policies:\n  sets: [standard]\n" + _drafts())
    found = evaluated(run(governed.definitions("shop"), SALES, partitions=DAYS))
    assert found.passed
    assert found.description == "No policy has anything against it."


def _drafts() -> str:
    """A domain is free with policies of its own: drafts are told to nobody."""
    from mesh_dagster.policies.standard import STANDARD

    return "".join(f"  {each.id}: {{force: draft}}\n" for each in STANDARD)
