"""Where the files of a product are kept: the commit, read from `.git` without calling git."""

from __future__ import annotations

import re
from configparser import ConfigParser
from configparser import Error as ConfigError
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_SCP = re.compile(r"(?:[\w.-]+@)?([\w.-]+):(?!//)(.+)")
_LONGEST = 1 << 20


def source_code(folder: Path) -> dict[str, str] | None:
    """The place of a folder in its repository; None where it lies in none that has a remote."""
    try:
        root = next((each for each in (folder, *folder.parents) if (each / ".git").exists()), None)
        if root is None:
            return None
        own, shared = _git_folders(root / ".git")
        branch, commit = _head(own, shared)
        remote = _remote(shared)
    except (OSError, ValueError, ConfigError):
        return None
    if remote is None:
        return None
    path = folder.relative_to(root).as_posix()
    web = remote.removesuffix(".git")
    at = f"/blob/{commit}/{quote(path)}" if commit else ""
    found = {"type": "git", "url": f"{web}{at}", "repoUrl": remote, "path": path}
    if commit:
        found["version"] = commit
    if branch:
        found["branch"] = branch
    return found


def _git_folders(place: Path) -> tuple[Path, Path]:
    """The folder of this checkout and the one that all worktrees share."""
    if place.is_file():
        place = (place.parent / _text(place).removeprefix("gitdir:").strip()).resolve()
    common = place / "commondir"
    return place, (place / _text(common).strip()).resolve() if common.is_file() else place


def _head(own: Path, shared: Path) -> tuple[str | None, str | None]:
    """Branch and commit, as far as there are."""
    head = _text(own / "HEAD").strip()
    if not head.startswith("ref:"):
        return None, head if _SHA.fullmatch(head) else None
    ref = head.removeprefix("ref:").strip()
    branch = ref.removeprefix("refs/heads/")
    for base in (own, shared):
        with suppress(OSError):
            commit = _text(base / ref).strip()
            if _SHA.fullmatch(commit):
                return branch, commit
    with suppress(OSError):
        for line in _text(shared / "packed-refs").splitlines():
            commit, _, name = line.partition(" ")
            if name == ref and _SHA.fullmatch(commit):
                return branch, commit
    return branch, None


def _remote(shared: Path) -> str | None:
    """The URL of `origin` as one opens it in a browser, without whoever's password is in it."""
    config = ConfigParser(strict=False, interpolation=None, allow_no_value=True)
    config.read_string("\n".join(each.strip() for each in _text(shared / "config").splitlines()))
    url = config.get('remote "origin"', "url", fallback=None)
    if not url:
        return None
    if found := _SCP.fullmatch(url):
        return f"https://{found[1]}/{quote(found[2])}"
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https", "ssh", "git") or not parts.hostname:
        return None
    web = parts.scheme in ("http", "https")
    port = f":{parts.port}" if web and parts.port else ""
    scheme = parts.scheme if web else "https"
    return urlunsplit((scheme, parts.hostname + port, quote(parts.path), "", ""))


def _text(path: Path) -> str:
    with path.open(encoding="utf-8") as file:
        return file.read(_LONGEST)
