"""`mesh explain`: the long form of a code."""

from __future__ import annotations

import difflib
import re
from pathlib import Path

import click

from mesh_dagster.cli.output import as_json, emit, emit_json, emit_styled
from mesh_dagster.cli.table import Column, render
from mesh_dagster.errors import UsageError

PREFIX = "MESH-"
_POLICY = re.compile(r"(?!mesh-)[a-z][a-z0-9]*(-[a-z0-9]+)+", re.ASCII)
_HEADING = re.compile(r"^## (MESH-[A-Z]\d{3}) · (.+)$", re.MULTILINE)


@click.command()
@click.argument("code", required=False)
@as_json
def explain(code: str | None, as_json: bool) -> None:
    """What a code means, such as MESH-C002; without a CODE, all of them.

    The code of what a policy finds is its id, such as columns-described.
    """
    if code is not None and _POLICY.fullmatch(code):
        from mesh_dagster.cli.policy_shown import explained

        return explained(code, as_json)
    known = explanations()
    if code is None:
        listed = [{"code": key, "title": title} for key, (title, _) in known.items()]
        if as_json:
            return emit_json(listed)
        rows = [tuple(each.values()) for each in listed]
        return emit_styled(render([Column("CODE"), Column("MEANS", least=20)], rows).text)
    wanted = PREFIX + code.upper().removeprefix(PREFIX)
    if wanted not in known:
        near = difflib.get_close_matches(wanted, known, n=3, cutoff=0.75)
        raise UsageError(
            f"no code is named {code!r}" + (f"; near it: {', '.join(near)}" if near else ""),
            code="MESH-M060",
            fix="mesh explain",
        )
    title, text = known[wanted]
    if as_json:
        return emit_json({"code": wanted, "title": title, "text": text})
    return emit(f"{wanted} · {title}\n\n{text}")


def explanations() -> dict[str, tuple[str, str]]:
    """Each code with its title and its text, in the order of the document."""
    text = (Path(__file__).parents[1] / "explanations.md").read_text(encoding="utf-8")
    parts = _HEADING.split(text)
    return {
        code: (title, body.strip())
        for code, title, body in zip(parts[1::3], parts[2::3], parts[3::3], strict=True)
    }
