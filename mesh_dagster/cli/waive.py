"""`mesh waive`: let a product or a domain off a policy."""

from __future__ import annotations

from datetime import date

import click

from mesh_dagster.cli.output import say
from mesh_dagster.cli.target import open_mesh
from mesh_dagster.errors import UsageError


class _Day(click.ParamType[date]):
    name = "day"

    def convert(
        self, value: str | date, param: click.Parameter | None, ctx: click.Context | None
    ) -> date:
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(value.strip())
        except ValueError:
            raise UsageError(f"{value!r:.60} is no day", fix="--until 2030-12-31") from None


@click.command()
@click.argument("policy")
@click.argument("subject")
@click.option("--why", required=True, help="The reason, for whoever reads the record.")
@click.option("--until", type=_Day(), required=True, help="The last day on which it holds.")
def waive(policy: str, subject: str, why: str, until: date) -> None:
    """Let SUBJECT, a domain, a product or one of its majors, off POLICY up to a day.

    It is written to the waivers.yaml beside mesh.yaml, of a policy of a domain's own beside its
    domain.yaml: commit that file. Only who governs the policy can do it.
    """
    from mesh_dagster.descriptors.source import shown_path
    from mesh_dagster.products.deciding.reviewing import identities
    from mesh_dagster.products.governing.waiving import waive as let_off

    mesh = open_mesh()
    waiver, file = let_off(mesh, policy, subject, identities(mesh), why=why, until=until)
    say(f"{waiver.by} lets {waiver.subject} off {waiver.policy} up to {waiver.until}")
    say(f"commit {shown_path(file)}: it is the record")
