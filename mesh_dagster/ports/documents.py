"""Iceberg's documents in a storage: where they lie, and what is said when one is broken."""

from __future__ import annotations

from mesh_dagster.errors import CorruptState, MissingObject, StorageError


def key_of(place: str, location: str) -> str:
    """The key of a location.

    Iceberg's documents hold absolute locations. Here only the part from the port's place on
    counts, so a storage that has been moved as a whole still opens. Raises `CorruptState` for a
    location that is not in the port's place: no document of a product names another's data.
    """
    _, found, inside = location.rpartition(f"/{place}/")
    if not found or ".." in inside.split("/"):
        raise CorruptState(
            f"a document of {place} names {location}, which is not in {place}",
            code="MESH-M026",
            where=location,
            fix="restore that port's documents from a backup, or `mesh rollback` to a publication "
            "that `mesh snapshots` lists before it",
        )
    return f"{place}/{inside}"


class intact:  # noqa: N801
    """Turns what a broken document raises into `CorruptState` with its name."""

    def __init__(self, location: str) -> None:
        self._location = location

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        gone = isinstance(error, MissingObject)
        if isinstance(error, Exception) and (gone or not isinstance(error, StorageError)):
            state = "gone" if gone else f"unreadable ({type(error).__name__}: {error})"
            raise CorruptState(
                f"{self._location}, which a publication refers to, is {state}",
                code="MESH-M026",
                where=self._location,
                fix="restore that object from a backup, or `mesh rollback` to a publication "
                "that `mesh snapshots` lists before it",
            ) from error
