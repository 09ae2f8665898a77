"""A place to try a product out: a Python session with it at hand, or the same as a notebook."""

from __future__ import annotations

import json
import keyword
import os
import re
from collections.abc import Iterator
from datetime import datetime
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mesh_dagster.model.address import Address
from mesh_dagster.products.granting.stating import MESH_PURPOSE
from mesh_dagster.products.reading.port import Examples, Port
from mesh_dagster.products.reading.read import AsOf

if TYPE_CHECKING:
    from mesh_dagster.products.mesh import Mesh

_WIDEST = 48
_TAKEN = frozenset({"mesh", "pl", "port", "queries"})


def session(mesh: Mesh, address: Address, as_of: AsOf = None) -> dict[str, Any]:
    """What a session has by name: the mesh, the port, its rows (lazy) and its example queries,
    both as of the same moment.

    Raises `UnknownAddress` and `NeverPublished`.
    """
    import polars as pl

    port = mesh[address]
    return {
        "mesh": mesh,
        "pl": pl,
        "port": port,
        "queries": Examples(mesh, port.address, as_of),
        variable(port.address): port.read(as_of=as_of),
    }


def greeting(port: Port) -> str:
    """What a session says first: what there is, and what to do with it."""
    name = variable(port.address)
    told = [
        (name, f"its rows, a lazy Polars frame: {name}.head().collect()"),
        ("port", "this page; port.open().pandas(), .arrow(), .duckdb()"),
        *((_call(each.name), each.title) for each in port.queries),
        ("mesh", "mesh['domain/product'], mesh.query('select ...')"),
    ]
    wide = min(max(len(call) for call, _ in told), _WIDEST)
    return "\n".join([repr(port), "", *(f"  {call:<{wide}}  {text}" for call, text in told)])


def variable(address: Address) -> str:
    """What a port's rows are called in a session."""
    name = address.port or address.product
    return f"{name}_" if name in _TAKEN or keyword.iskeyword(name) else name


def notebook(
    mesh: Mesh, address: Address, place: Path, as_of: AsOf = None, purpose: str | None = None
) -> bytes:
    """The same as a notebook (nbformat 4.5), whose cells run from top to bottom in its folder.

    `place` is where it will lie: from there it finds the mesh. `purpose` is that of all its cells.
    """
    port = mesh[address]
    cells: list[dict[str, Any]] = [
        {"cell_type": kind, "id": f"cell-{number}", "metadata": {}, "source": _lines(text)}
        | ({"execution_count": None, "outputs": []} if kind == "code" else {})
        for number, (kind, text) in enumerate(_cells(port, place, as_of, purpose))
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    document = {
        "cells": cells,
        "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(document, indent=1, ensure_ascii=False).encode() + b"\n"


def _cells(port: Port, place: Path, as_of: AsOf, purpose: str | None) -> Iterator[tuple[str, str]]:
    name = variable(port.address)
    then = "" if as_of is None else f"as_of={_literal(as_of)}"
    yield "markdown", _page(port)
    opening = _opening(port.mesh, place)
    imports = "from datetime import datetime\n" * ("datetime" in then)
    imports += "from pathlib import Path\n" * bool(opening)
    stating = ""
    if purpose is not None:
        imports = f"import os\n{imports}"
        stating = f'os.environ["{MESH_PURPOSE}"] = {purpose!r}\n'
    yield (
        "code",
        f"{imports}\nfrom mesh_dagster import Mesh\n\n".lstrip()
        + f"{stating}mesh = Mesh.open({opening})\nport = mesh[{str(port.address)!r}]\nport",
    )
    yield "code", f"{name} = port.read({then})\n{name}.head(10).collect()"
    for each in port.queries:
        yield "markdown", f"## {_escaped(each.title or each.name)}"
        yield "code", f"mesh.query(\n    {_text(each.sql)}{f', {then}' if then else ''}\n)"


def _page(port: Port) -> str:
    """Texts of the owner, as text: nothing in them is markup."""
    product = port.product
    lines = [f"# {port.address}", ""]
    if product.purpose:
        lines += [_escaped(product.purpose), ""]
    if product.team:
        lines += [f"Owner: {_escaped(product.team)}", ""]
    types = port.columns
    lines += ["| column | type | meaning |", "|---|---|---|"]
    for each in port.contract.table.properties:
        cells = (each.column, types[each.column], each.description or "")
        lines.append(f"| {' | '.join(map(_escaped, cells))} |")
    return "\n".join(lines)


def _escaped(text: str) -> str:
    """Text on one line of Markdown, in which nothing is markup."""
    plain = escape(" ".join(text.split()), quote=False)
    return re.sub(r"([\\`*_{}\[\]#|!])", r"\\\1", plain)


def _opening(mesh: Mesh, place: Path) -> str:
    """Where the mesh is, as seen from a notebook: nothing, a way up or down, or the whole path."""
    root, folder = mesh.config.root.resolve(), place.resolve().parent
    if folder.is_relative_to(root):
        return ""
    if os.path.commonpath([root, folder]) != os.sep:
        return f"Path({os.path.relpath(root, folder)!r})"
    return f"Path({str(root)!r})"


def _literal(as_of: AsOf) -> str:
    if isinstance(as_of, datetime):
        return f"datetime.fromisoformat({as_of.isoformat()!r})"
    return repr(as_of)


def _text(sql: str) -> str:
    """SQL as a literal of several lines, whatever is in it."""
    plain = all(each.isprintable() or each == "\n" for each in sql)
    if not plain or '"""' in sql or "\\" in sql or sql.endswith('"'):
        return repr(sql)
    return f'"""\n{sql}\n"""'


def _call(name: str) -> str:
    attribute = name.replace("-", "_")
    good = attribute.isidentifier() and not keyword.iskeyword(attribute)
    return f"queries.{attribute}()" if good else f"queries[{name!r}]()"


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)
