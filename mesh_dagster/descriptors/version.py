"""Versions in descriptors: of the standard, and of what a domain promises."""

from __future__ import annotations

import re

from mesh_dagster.descriptors.source import Map, Source, shown

SEMVER = re.compile(r"(0|[1-9][0-9]{0,3})\.(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})", re.ASCII)
_STANDARD = re.compile(r"v([0-9]{1,4})\.([0-9]{1,4})\.([0-9]{1,4})", re.ASCII)


def major_of(version: str) -> int | None:
    """The major of `1.2.0`; None when it is no version."""
    found = SEMVER.fullmatch(version)
    return int(found[1]) if found else None


def check_semver(data: Map, key: str, source: Source) -> None:
    """Report a version that is not `major.minor.patch`."""
    version = data.get(key)
    if version is not None and SEMVER.fullmatch(version) is None:
        message = f"`{key}` is {shown(version)}, expected major.minor.patch like 1.2.0"
        source.report("MESH-D013", message, data.line_of(key), fix=f"{key}: 1.0.0")


def check_standard(
    data: Map, name: str, known: tuple[str, ...], newest: str, source: Source
) -> None:
    """Report an apiVersion of the standard that this release cannot read.

    `known` are the `major.minor` that it can.
    """
    version = data.get("apiVersion")
    if version is None:
        return
    found = _STANDARD.fullmatch(version)
    if found and f"{int(found[1])}.{int(found[2])}" in known:
        return
    line = data.line_of("apiVersion")
    read = ", ".join(f"v{each}" for each in known)
    if found and int(found[1]) > int(newest[1:].partition(".")[0]):
        message = f"`apiVersion` is {version}, a newer major of {name} than this release reads"
        source.report("MESH-D012", f"{message} ({read})", line, fix="pip install -U mesh-dagster")
        return
    message = f"`apiVersion` is {shown(version)}; {name} is read in {read}"
    source.report("MESH-D011", message, line, fix=f"apiVersion: {newest}")
