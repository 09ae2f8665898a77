"""How a port is read, as texts to paste: each runs as it stands, wherever the mesh is found."""

from __future__ import annotations

from enum import StrEnum

from mesh_dagster.model.address import Address
from mesh_dagster.ports.sql import table_of
from mesh_dagster.products.reading.lab import variable


class Way(StrEnum):
    """With what one reads."""

    POLARS = "polars"
    PANDAS = "pandas"
    DUCKDB = "duckdb"
    SPARK = "spark"
    SQL = "sql"


_PYTHON = {
    Way.POLARS: """\
from mesh_dagster import read

{name} = read("{address}").polars()  # lazy
print({name}.head().collect())
""",
    Way.PANDAS: """\
from mesh_dagster import read

{name} = read("{address}").pandas()
print({name}.head())
""",
    Way.DUCKDB: """\
from mesh_dagster import read

{name} = read("{address}").duckdb()
print({name}.limit(5))
""",
    Way.SPARK: """\
from pyspark.sql import SparkSession

from mesh_dagster import read

spark = SparkSession.builder.config("spark.sql.session.timeZone", "UTC").getOrCreate()
port = read("{address}")
{name} = spark.read.schema(port.spark_schema).parquet(*{files})
{name}.show(5)
""",
}
_SQL = """\
mesh query 'select * from {table} limit 5'
"""
_FILES = "port.files"
_ON_S3 = '[each.replace("s3://", "s3a://", 1) for each in port.files]'


def snippet(port: Address, way: Way, *, on_s3: bool = False) -> str:
    """A script that reads a port and prints its first rows: Python, or a shell's line for SQL.

    `on_s3`: where the mesh is stored. Spark has another name for it, and credentials of its own.
    """
    if way is Way.SQL:
        return _SQL.format(table=table_of(port))
    files = _ON_S3 if on_s3 else _FILES
    return _PYTHON[way].format(name=variable(port), address=port, files=files)
