"""A mesh of one product: a table of orders whose contract compiles to 16 rules."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import measure

ADDRESS = "bench/orders/v1"
_TRANSFORM = """\
def transform(orders_file, window):
    return orders_file
"""


def folder(rows: int) -> Path:
    """The mesh, written if it is not there yet; its source is a Parquet file."""
    root = measure.cache_folder(f"orders-{rows}")
    if not source(root).is_file():
        measure.run([sys.executable, Path(__file__).resolve(), root, str(rows)])
    return root


def source(root: Path) -> Path:
    return root / "orders.parquet"


def published(root: Path) -> Path:
    """The folder of everything that the mesh stores."""
    return root / ".mesh"


def write(root: Path, rows: int) -> None:
    """Write the product's files, and last its source."""
    import audit
    import polars as pl

    from mesh_dagster.descriptors.odcs import write as contract_text
    from mesh_dagster.testing import write_mesh, write_product

    mesh = write_mesh(root)
    product = write_product(
        mesh,
        "mesh://bench/orders/v1",
        {},
        inputs={"orders_file": "source:bench/orders"},
        transform=_TRANSFORM,
        wiring={"sources": {"orders_file": {"path": str(source(root)), "format": "parquet"}}},
    )
    text = contract_text(audit.contract(rows))
    (product / "contract.odcs.yaml").write_text(text, encoding="utf-8")
    parts = audit.generated(rows)
    writing = source(root).with_suffix(".part")
    pl.scan_parquet(parts / "*.parquet").sink_parquet(writing)
    writing.replace(source(root))


def main(arguments: Sequence[str]) -> None:
    root, rows = arguments
    write(Path(root), int(rows))


if __name__ == "__main__":
    main(sys.argv[1:])
