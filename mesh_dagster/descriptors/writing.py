"""Plain values -> YAML text that reads back as the same values, here and elsewhere."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from mesh_dagster.descriptors.syntax import plain, plain_scalar


class _Dumper(yaml.SafeDumper):
    """Quotes what a YAML 1.1 reader or ours would take for another type than a text."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = None if text and isinstance(plain_scalar(text), str) else "'"
    if "\n" in text or (text and not text.isprintable()):
        style = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)


def write(document: Mapping[str, Any]) -> str:
    """A document as YAML, keys in their given order."""
    return yaml.dump(
        plain(document), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100
    )


def replace_file(path: Path, data: bytes) -> None:
    """Swap the whole file, or make it: a reader sees the one or the other. Raises `OSError`."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(data)
        if path.exists():
            temporary.chmod(path.stat().st_mode & 0o777)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_inline(value: Any) -> str:
    """A value as YAML on one line."""
    text: str = yaml.dump(
        plain(value),
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=True,
        width=float("inf"),
    )
    return text.removesuffix("...\n").rstrip("\n")
