"""While a product's own code runs, its input ports are all that it may read (design rule 4)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from mesh_dagster.errors import UndeclaredInput
from mesh_dagster.model.address import Address

_RUNNING: ContextVar[str | None] = ContextVar("running", default=None)


@contextmanager
def own_code(product: Address) -> Iterator[None]:
    """The code of this product runs here."""
    token = _RUNNING.set(product.path)
    try:
        yield
    finally:
        _RUNNING.reset(token)


def refuse_in_transform(what: str) -> None:
    """Raise `UndeclaredInput` in the code of a transform: it reads by input ports alone."""
    product = _RUNNING.get()
    if product is not None:
        raise UndeclaredInput(
            f"the transform of {product} reads {what} by itself, and not by an input port",
            fix="declare an input port in product.odps.yaml, read it by its name",
        )
