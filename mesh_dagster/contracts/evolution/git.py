"""Contracts as git has them: `HEAD~1:domains/.../contract.odcs.yaml`.

Git is called with a list of arguments, never through a shell; a ref that could be an option is
refused, nothing is fetched, and an object's size is asked before it is read.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from mesh_dagster.descriptors.syntax import LARGEST_FILE
from mesh_dagster.errors import UsageError

_PATIENCE = 60
_QUIET = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "LC_ALL": "C",
}
_OBJECT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Blob:
    """A file of a commit. `path` is relative to the folder that was asked for."""

    path: str
    id: str

    def is_of(self, data: bytes) -> bool:
        """Whether the file has just these bytes; git may store them otherwise, so no says less."""
        sha = hashlib.sha1 if len(self.id) == 40 else hashlib.sha256
        return sha(b"blob %d\0" % len(data) + data).hexdigest() == self.id


def read(ref: str, path: str, folder: Path) -> bytes:
    """A file at a ref; the path counts from the repository's root, or else from the folder.

    Raises `UsageError` where git is not there, knows no such ref or path, or it is too large.
    """
    commit = _commit(ref, folder)
    for each in (path, f"./{path}"):
        status, found = _git(folder, "rev-parse", "--verify", "--quiet", f"{commit}:{each}")
        if status == 0:
            return content(found.decode().strip(), f"{ref}:{path}", folder)
    raise UsageError(
        f"git has no file {path!r} at {ref}",
        code="MESH-C042",
        fix=f"git ls-tree -r --name-only {ref}",
    )


def files(ref: str, folder: Path, suffixes: tuple[str, ...]) -> tuple[Blob, ...]:
    """The files of some suffixes below a folder as they are at a ref. Raises `UsageError`."""
    status, listed = _git(folder, "ls-tree", "-r", "-z", _commit(ref, folder))
    if status != 0:
        raise _refused(folder, f"the files at {ref} cannot be listed")
    found = []
    for line in listed.decode(errors="surrogateescape").split("\0"):
        about, _, path = line.partition("\t")
        match about.split():
            case [_, "blob", id_] if path.endswith(suffixes):
                found.append(Blob(path, id_))
    return tuple(found)


def content(id_: str, told: str, folder: Path) -> bytes:
    """The bytes of an object. Raises `UsageError` for one that is no file, or too large."""
    status, size = _git(folder, "cat-file", "-s", id_)
    if status != 0 or int(size) > LARGEST_FILE:
        raise UsageError(
            f"{told} has {int(size or 0):,} bytes, more than the {LARGEST_FILE:,} allowed",
            code="MESH-C042",
        )
    status, data = _git(folder, "cat-file", "blob", id_)
    if status != 0:
        raise UsageError(f"{told} is no file", code="MESH-C042")
    return data


def _commit(ref: str, folder: Path) -> str:
    if not ref or ref.startswith("-") or ":" in ref or "\0" in ref:
        raise UsageError(f"{ref!r} is no git ref", code="MESH-C042", fix="name it like HEAD~1")
    status, found = _git(folder, "rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}")
    commit = found.decode(errors="replace").strip()
    if status == 0 and _OBJECT.fullmatch(commit):
        return commit
    inside, _ = _git(folder, "rev-parse", "--git-dir")
    if inside != 0:
        raise _refused(folder, f"{folder} is in no git repository")
    raise UsageError(
        f"git knows no commit {ref!r}", code="MESH-C042", fix="git fetch, or name another"
    )


def _git(folder: Path, *arguments: str) -> tuple[int, bytes]:
    """The exit code and the output of a git command that reads."""
    command = ["git", "-C", str(folder), "--no-pager", "--literal-pathspecs", *arguments]
    try:
        done = subprocess.run(  # noqa: S603 (a list of arguments; refs are checked)
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PATIENCE,
            check=False,
            env={**os.environ, **_QUIET},
        )
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise _refused(folder, f"git cannot be run: {error}") from error
    return done.returncode, done.stdout


def _refused(folder: Path, what: str) -> UsageError:
    return UsageError(what, code="MESH-C043", fix=f"git -C {folder} status")
