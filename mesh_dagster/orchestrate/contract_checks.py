"""A contract, or a pandera schema, as asset checks of any Dagster asset: no mesh is needed.

```python
@dg.asset
def orders() -> pl.DataFrame: ...

defs = dg.Definitions(assets=[orders], asset_checks=[asset_checks_from(Orders, asset=orders)])
```

Every promise is a check of its own, named by its rule: what pandera has built in runs in the one
pass that audits run in, a team's own checks run through pandera on the same data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg

from mesh_dagster.contracts.audit.run import audit
from mesh_dagster.contracts.exchange.pandera.own import own_results
from mesh_dagster.contracts.exchange.pandera.reading import FromPandera, contract_from
from mesh_dagster.contracts.face import rows_of
from mesh_dagster.contracts.rules.compile import rules
from mesh_dagster.contracts.rules.kinds import Rule, Text
from mesh_dagster.errors import UsageError
from mesh_dagster.model.contract import Contract
from mesh_dagster.orchestrate.checks import check_result, check_spec

_VALUE = "value"


@dataclass(frozen=True, slots=True)
class _Judge:
    """What is held against an asset's data, each part of it under a check's name."""

    rules: tuple[Rule, ...]
    pandera: FromPandera | None

    def specs(self, key: dg.AssetKey, *, blocking: bool) -> list[dg.AssetCheckSpec]:
        found = [check_spec(rule, key) for rule in self.rules]
        own = self.pandera.own if self.pandera else ()
        found += [
            dg.AssetCheckSpec(name, asset=key, description=f"the schema's own check {name}")
            for name in own
        ]
        return [each._replace(blocking=blocking) for each in found] if blocking else found

    def results(self, key: dg.AssetKey, data: Any) -> Iterator[dg.AssetCheckResult]:
        rows = rows_of(data)
        for result in audit(self.rules, rows):
            yield check_result(key, result.rule, [result])
        if self.pandera and self.pandera.own:
            own = rows if isinstance(data, str | Path) else data
            for name, problem in own_results(self.pandera, own).items():
                yield dg.AssetCheckResult(
                    check_name=name,
                    asset_key=key,
                    passed=problem is None,
                    description=problem or f"{name} finds nothing",
                )


def asset_checks_from(
    schema: Any = None,
    *,
    asset: Any,
    data: Callable[[], Any] | None = None,
    blocking: bool = False,
    name: str | None = None,
) -> dg.AssetChecksDefinition:
    """The checks of an asset that a pandera schema, a contract or a contract's file states.

    `schema` is a DataFrameSchema or DataFrameModel of pandera.polars or pandera.pandas, a
    `Contract`, or the path of an ODCS file; without it, it is what `contract_from(...)` marked
    the asset's function with. The asset's value, as its I/O manager loads it, is a frame of
    Polars, pandas, Arrow or DuckDB, or the path of a Parquet file; `data` is called for it instead
    where the asset keeps its value elsewhere. With `blocking` a failing check keeps downstream
    assets of the same run from running.

    Raises `UsageError` for a schema that is none, `DescriptorError` for a contract's file that
    cannot be used.
    """
    judge = _judge(schema if schema is not None else _mark_on(asset))
    key = _key_of(asset)
    title = name or "_".join(["checks_of", *key.path])
    ins = None if data is not None else {_VALUE: dg.AssetIn(key)}

    if data is not None:

        def checks() -> Iterator[dg.AssetCheckResult]:
            yield from judge.results(key, data())

    else:

        def checks(value: Any) -> Iterator[dg.AssetCheckResult]:  # type: ignore[misc]
            yield from judge.results(key, value)

    specs = judge.specs(key, blocking=blocking)
    return dg.multi_asset_check(name=title, specs=specs, ins=ins)(checks)


def _judge(schema: Any) -> _Judge:
    if isinstance(schema, str | Path):
        from mesh_dagster.descriptors.odcs import read_file

        schema = read_file(Path(schema))
    if isinstance(schema, Contract):
        return _Judge(rules(schema, standalone=True), None)
    found = schema if isinstance(schema, FromPandera) else contract_from(schema)
    # What the contract only has words for are the schema's own checks, which run themselves.
    stated = rules(found.contract, standalone=True)
    return _Judge(tuple(rule for rule in stated if not isinstance(rule, Text)), found)


def _mark_on(asset: Any) -> Any:
    """What `contract_from(...)` above the asset's function said."""
    function = getattr(getattr(asset, "op", None), "compute_fn", None)
    function = getattr(function, "decorated_fn", function)
    found = getattr(function, "__mesh_contract__", None)
    if found is None:
        raise UsageError(
            f"no schema is given, and {asset!r} is marked with none",
            code="MESH-C054",
            fix="asset_checks_from(schema, asset=...), or @contract_from(schema) below @asset",
        )
    return found


def _key_of(asset: Any) -> dg.AssetKey:
    if isinstance(asset, dg.AssetsDefinition | dg.AssetSpec):
        return asset.key
    return dg.AssetKey.from_coercible(asset)
