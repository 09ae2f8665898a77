"""`mesh lineage`: what is made of what, whether the backends were told, and telling them again.

Each subcommand is a module's own, imported when it is called or when the help lists it.
"""

from __future__ import annotations

import click

from mesh_dagster.cli.lazy import LazyGroup

SUBCOMMANDS = {
    "show": "lineage_show",
    "status": "lineage_delivery",
    "publish": "lineage_delivery",
    "replay": "lineage_delivery",
}
"""Each subcommand, in the order of the help, and its module."""


class _Subcommands(LazyGroup):
    modules = SUBCOMMANDS

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        # No subcommand is written like an address.
        is_address = "/" in args[0] or "." in args[0]
        return super().resolve_command(ctx, ["show", *args] if is_address else args)


@click.group(cls=_Subcommands, subcommand_metavar="ADDRESS[.COLUMN] | COMMAND [ARGS]...")
def lineage() -> None:
    """Tell what a product or a column is made of, and what is made of it.

    `mesh lineage ADDRESS` is short for `mesh lineage show ADDRESS`. The other commands tell where
    the lineage of this checkout's domains goes, and whether it has arrived.
    """
