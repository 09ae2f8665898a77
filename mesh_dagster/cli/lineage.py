"""`mesh lineage`: whether lineage has arrived where it is to go, and sending it again.

Each subcommand is a module's own, imported when it is called or when the help lists it.
"""

from __future__ import annotations

from importlib import import_module

import click

SUBCOMMANDS = {
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
        if args[0] not in SUBCOMMANDS and not args[0].startswith("-"):
            raise click.NoSuchCommand(args[0], possibilities=SUBCOMMANDS, ctx=ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=_Subcommands)
def lineage() -> None:
    """Tell where the lineage of this checkout's domains goes, and whether it has arrived."""
