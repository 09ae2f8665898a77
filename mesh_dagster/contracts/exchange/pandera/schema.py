"""A contract as a pandera schema, for a team to extend in Python and use in its own tests.

It says the same as the fused pass does; a property test holds the two together. What pandera
cannot know, foreign keys into other ports for one, is left out and named in the schema's
metadata under `unchecked`.

A Polars LazyFrame is validated by its schema only unless `PANDERA_VALIDATION_DEPTH` is
`SCHEMA_AND_DATA`: hand over a DataFrame, or set it.
"""

from __future__ import annotations

import warnings
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, overload

from mesh_dagster.contracts.rules.compile import rules
from mesh_dagster.errors import EvaluationError, UsageError
from mesh_dagster.model.contract import Contract

if TYPE_CHECKING:
    import pandera.pandas as of_pandas
    import pandera.polars as of_polars

Backend = Literal["polars", "pandas", "pyspark"]

_BACKENDS = {
    "polars": "mesh_dagster.contracts.exchange.pandera.of_polars",
    "pandas": "mesh_dagster.contracts.exchange.pandera.of_pandas",
    "pyspark": "mesh_dagster.contracts.exchange.pandera.of_pyspark",
}


@overload
def to_pandera(contract: Contract) -> of_polars.DataFrameSchema: ...
@overload
def to_pandera(contract: Contract, backend: Literal["polars"]) -> of_polars.DataFrameSchema: ...
@overload
def to_pandera(contract: Contract, backend: Literal["pandas"]) -> of_pandas.DataFrameSchema: ...
@overload
def to_pandera(contract: Contract, backend: Literal["pyspark"]) -> Any: ...
def to_pandera(contract: Contract, backend: Backend = "polars") -> Any:
    """The schema of the table that a contract's port serves; checks are named by rule id.

    Raises `EvaluationError` where pandera's module for the backend cannot be imported:
    pandera.pyspark needs a pandas that pyspark knows (below 3 up to pyspark 4.1).
    """
    if backend not in _BACKENDS:
        raise UsageError(f"pandera has polars, pandas and pyspark here, not {backend!r}")
    try:
        with warnings.catch_warnings():
            # pandera imports pyspark where it is installed, which warns of the pandas that is.
            warnings.filterwarnings("ignore", category=FutureWarning, module="pyspark|pandera")
            module = import_module(_BACKENDS[backend])
    except (ImportError, SystemExit) as error:  # pyspark exits where it takes us for a doctest
        raise EvaluationError(
            f"pandera.{backend} cannot be imported: {error}",
            code="MESH-C055",
            fix=f"mesh contract export pandera --backend {backend} writes the schema as Python, "
            "for an environment that has it",
        ) from error
    return module.schema_of(contract, rules(contract))
