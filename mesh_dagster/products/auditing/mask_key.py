"""The key of hashes in masked ports: one for the whole mesh, so that masked keys still join."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from mesh_dagster.errors import EvaluationError
from mesh_dagster.model.domain import MeshConfig

SHORTEST = 16
"""Characters of a key: one that can be guessed gives every value away."""

FILE = Path("secrets") / "mask.key"
"""Below the state of a checkout, where mesh.yaml names no environment variable."""

_MISSING = "MESH-A050"
_UNSAFE = "MESH-A051"


def mask_key(config: MeshConfig) -> bytes:
    """The key: of the environment variable that mesh.yaml names, else of a file of this checkout.

    That file is made where it is missing, for this user alone. Raises `EvaluationError` where
    there is no key that could be used, and never tells of one.
    """
    if config.mask_key is not None:
        return _of_environment(config.mask_key, config.file)
    if "://" in config.storage:
        raise EvaluationError(
            f"products are published at {config.storage}, and a key that this machine makes up is "
            "not that of the others: hashes of the same value would differ",
            code=_MISSING,
            where=str(config.file),
            fix="access: {maskKey: MESH_MASK_KEY}, and set that variable to one key everywhere",
        )
    return _of_file(config.state / FILE)


def _of_environment(name: str, file: Path) -> bytes:
    found = os.environ.get(name, "")
    if len(found) < SHORTEST:
        what = "is not set" if not found else f"has fewer than {SHORTEST} characters"
        raise EvaluationError(
            f"the key of masks is to be in {name}, which {what}",
            code=_MISSING,
            where=str(file),
            fix=f"export {name}=<the key of this mesh, the same everywhere>",
        )
    return found.encode()


def _of_file(path: Path) -> bytes:
    try:
        if not path.exists():
            _make(path)
        if os.name == "posix" and path.stat().st_mode & 0o077:
            raise EvaluationError(
                "the key of masks can be read by others than its owner",
                code=_UNSAFE,
                where=str(path),
                fix=f"chmod 600 {path}",
            )
        found = path.read_bytes().strip()
    except OSError as error:
        raise EvaluationError(
            f"the key of masks can neither be read nor made: {error.strerror}",
            code=_MISSING,
            where=str(path),
            fix="make the folder writable, or name an environment variable: access: {maskKey: ...}",
        ) from error
    if len(found) < SHORTEST:
        raise EvaluationError(
            f"the key of masks has fewer than {SHORTEST} characters",
            code=_MISSING,
            where=str(path),
            fix=f"rm {path}, and publish what has hashes again",
        )
    return found


def _make(path: Path) -> None:
    """Whoever is first makes it; it is there whole or not at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    writing = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}")
    try:
        handle = os.open(writing, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_hex(32).encode())
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(writing, path)
    finally:
        writing.unlink(missing_ok=True)
