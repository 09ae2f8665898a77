"""Changing one object of a registry by compare-and-swap, beside others who do the same."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from mesh_dagster.errors import MissingObject, StorageError
from mesh_dagster.ports.storage import Storage

_TRIES = 20
_PAUSE = 0.05


def replace_object(
    storage: Storage, key: str, change: Callable[[bytes | None], bytes | None]
) -> bool:
    """Write what `change` makes of an object (None: there is none); whether it is another now.

    It is called again where another process was first, and may answer None to leave the object
    as it is. Raises `StorageError`.
    """
    for again in range(_TRIES):
        data, version = _read(storage, key)
        wanted = change(data)
        if wanted is None or wanted == data:
            return False
        if storage.swap(key, wanted, version):
            return True
        time.sleep(_PAUSE * random.random() * (again + 1))  # noqa: S311 (no secret)
    raise StorageError(
        f"{key} was changed by others {_TRIES} times in a row",
        where=storage.uri(key),
        fix="run it again",
    )


def _read(storage: Storage, key: str) -> tuple[bytes | None, str | None]:
    try:
        return storage.read_versioned(key)
    except MissingObject:
        return None, None
