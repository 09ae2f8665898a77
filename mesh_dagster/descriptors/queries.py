"""The example queries of a product: `queries/*.sql` in its folder, one SELECT in each.

The comment that a file begins with is the question that it answers.
"""

from __future__ import annotations

import re
from pathlib import Path

from mesh_dagster.model.discovery import ExampleQuery

FOLDER = "queries"
MOST = 100
"""Examples of one product; more are no examples."""
LONGEST = 100_000
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}", re.ASCII)
"""What a file may be called, so that the name can be typed in any shell."""


def read_queries(folder: Path) -> tuple[ExampleQuery, ...]:
    """The examples in a product's folder, by name. A file that is no text is left out."""
    found = []
    for file in sorted((folder / FOLDER).glob("*.sql")):
        if not NAME.fullmatch(file.stem) or not file.is_file() or file.stat().st_size > LONGEST:
            continue
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            continue
        title, sql = _divided(text)
        found.append(ExampleQuery(file.stem, sql, title))
    return tuple(found[:MOST])


def _divided(text: str) -> tuple[str, str]:
    """The comment at the head, on one line, and the SQL without it."""
    lines = text.strip().splitlines()
    at = 0
    while at < len(lines) and lines[at].lstrip().startswith("--"):
        at += 1
    title = " ".join(line.lstrip().lstrip("-").strip() for line in lines[:at])
    return title.strip(), "\n".join(lines[at:]).strip().rstrip(";")
