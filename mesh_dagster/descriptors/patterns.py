"""Patterns as contracts write them: in the language of the Rust regex crate.

No engine is imported to read a contract, so that Python's own regexes stand in for Rust's.
"""

from __future__ import annotations

import re
import warnings

from mesh_dagster.descriptors.source import Source, shown
from mesh_dagster.model.finding import Severity

_AS_PYTHON = (
    (r"\(\?<([A-Za-z_]\w*)>", r"(?P<\1>"),
    (r"\(\?[imsuxUR-]+:?", "(?:"),
    (r"\\[pP](\{[^{}]*\}|\w)|\\[xuU]\{[0-9A-Fa-f]+\}", "a"),
    (r"\\z", r"\\Z"),
)
"""What patterns write otherwise than Python's: names, flags, categories, the end of a text."""


def check_pattern(pattern: str, line: int, source: Source) -> bool:
    """Report what no engine can run, at its line; False: it is no pattern at all."""
    bare = pattern.replace(r"\\", "a")
    if re.search(r"\(\?<?[=!]|\\[1-9]", bare):
        message = f"`pattern` is {shown(pattern)}: look-around and back-references are not run"
        fix = "write it without them; the rule could not be evaluated"
        source.report("MESH-D053", message, line, fix=fix, severity=Severity.WARNING)
        return True
    for rust, python in _AS_PYTHON:
        bare = re.sub(rust, python, bare)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # sets in sets are Rust's, not Python's
            re.compile(bare)
    except (re.error, OverflowError, RecursionError) as error:
        source.report("MESH-D053", f"`pattern` is {shown(pattern)}: {error}", line)
        return False
    return True
