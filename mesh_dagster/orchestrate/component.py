"""`type: mesh_dagster.DataProduct`: a data product for dg.

The attributes are there for dg to check, complete and document defs.yaml; what is read is the
folder, by the same loader for everybody, so a product means the same to Dagster and to the
commands that never import it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import dagster as dg
from pydantic import ConfigDict, Field

from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.product import OutputPort
from mesh_dagster.orchestrate import assets
from mesh_dagster.orchestrate.scaffold import ProductScaffolder


class DbtModel(dg.Model):
    """The rows are a model of the domain's dbt project."""

    model_config = ConfigDict(extra="forbid")

    dbt: str = Field(description="The name of a model in dbt_projects/<domain>.")


class InternalAsset(dg.Model):
    """The rows are an asset of the domain, loaded by its I/O manager."""

    model_config = ConfigDict(extra="forbid")

    asset: str = Field(description="The asset's key, its parts joined by slashes.")


class Partitions(dg.Model):
    """How the product is cut into partitions: windows of a date or timestamp column."""

    model_config = ConfigDict(extra="forbid")

    every: Literal["hour", "day", "week", "month"]
    column: str = Field(description="The column whose value says to which window a row belongs.")
    start: Any = Field(description="Where the first window begins.")


class Source(dg.Model):
    """Where the file of a source system lies: in an installed package, or by path."""

    model_config = ConfigDict(extra="forbid")

    path: str
    package: str | None = None
    format: Literal["csv", "parquet", "ndjson"] | None = None
    null_values: list[str] | None = None
    delimiter: str | None = None


class Input(dg.Model):
    """Which partitions of an input port one of ours reads."""

    model_config = ConfigDict(extra="forbid")

    window: tuple[int, int] = Field(
        description="First and last, counted in partitions of ours: [-7, -1] is the seven before."
    )


def _as_it_is(context: dg.ResolutionContext, value: Any) -> Any:
    return value


@dg.scaffold_with(ProductScaffolder)
class DataProduct(dg.Component, dg.Resolvable, dg.Model):
    """A data product: what its contract promises is audited before anybody can read it.

    product.odps.yaml says what it is, contract.odcs.yaml what it promises; this file says how
    it is made.
    """

    transform: Annotated[
        str | DbtModel | InternalAsset | None,
        dg.Resolver(_as_it_is, model_field_type=str | DbtModel | InternalAsset | None),
    ] = Field(
        None,
        description="transform.py, transform.sql, {dbt: model} or {asset: key}; without it, the "
        "transform.py or transform.sql of the folder.",
    )
    partitions: Annotated[
        Partitions | None, dg.Resolver(_as_it_is, model_field_type=Partitions | None)
    ] = None
    schedule: str | None = Field(
        None, description="A cron line in UTC. A product that reads products needs none."
    )
    sources: Annotated[
        dict[str, Source], dg.Resolver(_as_it_is, model_field_type=dict[str, Source])
    ] = Field(default_factory=dict, description="Where the data of each `source:` input port is.")
    inputs: Annotated[
        dict[str, Input], dg.Resolver(_as_it_is, model_field_type=dict[str, Input])
    ] = Field(default_factory=dict, description="Windows, by the name of the input port.")

    @classmethod
    def get_spec(cls) -> dg.ComponentTypeSpec:
        return dg.ComponentTypeSpec(
            description="A data product with its contract, gate, schedule and automation.",
            tags=["data-mesh"],
            produces=["asset", "asset_check", "schedule"],
        )

    def get_asset_spec(self, loaded: LoadedProduct, output: OutputPort) -> dg.AssetSpec:
        """What Dagster shows of an output port; a subclass may add to it.

        Dependencies, partitions and automation are wired afterwards: they hold whatever this
        returns. The key has to stay.
        """
        return assets.asset_spec(loaded, output)

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """The assets, checks and schedule of this product alone.

        What a domain has once, its sensors and the assets it reads, `domain_definitions` adds.
        """
        from mesh_dagster.orchestrate.product import one_product

        return one_product(Path(context.path), self.get_asset_spec)

    @classmethod
    def get_code_references_for_yaml(
        cls, yaml_path: Path, source_position: Any, context: dg.ComponentLoadContext
    ) -> list[dg.LocalFileCodeReference | dg.UrlCodeReference]:
        """None from dg: the asset's own references name the line of each of its files."""
        return []
