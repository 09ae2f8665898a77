"""`mesh lineage`: what is made of what, whether the backends were told, and telling them again.

Each subcommand is a module's own, imported when it is called or when the help lists it.
"""

from __future__ import annotations

from importlib import import_module

import click

SUBCOMMANDS = {
    "show": "lineage_show",
    "status": "lineage_delivery",
    "publish": "lineage_delivery",
    "replay": "lineage_delivery",
}
"""Each subcommand, in the order of the help, and its module."""


class _Subcommands(click.Group):
    """Imports a subcommand's module only when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(SUBCOMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in SUBCOMMANDS:
            return None
        module = import_module(f"mesh_dagster.cli.{SUBCOMMANDS[cmd_name]}")
        found = getattr(module, cmd_name)
        assert isinstance(found, click.Command)  # noqa: S101 (ours, and held by a test)
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if "/" in args[0] or "." in args[0]:
            # No subcommand is written like an address.
            return super().resolve_command(ctx, ["show", *args])
        if args[0] not in SUBCOMMANDS and not args[0].startswith("-"):
            raise click.NoSuchCommand(args[0], possibilities=SUBCOMMANDS, ctx=ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=_Subcommands, subcommand_metavar="ADDRESS[.COLUMN] | COMMAND [ARGS]...")
def lineage() -> None:
    """Tell what a product or a column is made of, and what is made of it.

    `mesh lineage ADDRESS` is short for `mesh lineage show ADDRESS`. The other commands tell where
    the lineage of this checkout's domains goes, and whether it has arrived.
    """
