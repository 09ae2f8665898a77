"""`mesh contract`: contracts on their own, with no mesh around them.

Each subcommand is a module of its own, imported when it is called or when the help lists it.
None of them looks for a mesh.yaml before it needs one, and none imports Dagster.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

import click

SUBCOMMANDS = {
    "test": "contract_test",
    "infer": "contract_infer",
    "diff": "contract_diff",
    "import": "contract_import",
    "export": "contract_export",
}
"""Each subcommand, in the order of the help, and its module; the command there is `command`."""


class _Subcommands(click.Group):
    """Imports a subcommand's module only when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for name, module in SUBCOMMANDS.items() if _exists(module)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module = SUBCOMMANDS.get(cmd_name)
        if module is None or not _exists(module):
            return None
        found = import_module(f"mesh_dagster.cli.{module}").command
        assert isinstance(found, click.Command)  # noqa: S101 (ours, and held by a test)
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        known = self.list_commands(ctx)
        if args[0] not in known and not args[0].startswith("-"):
            raise click.NoSuchCommand(args[0], possibilities=known, ctx=ctx)
        return super().resolve_command(ctx, args)


def _exists(module: str) -> bool:
    return find_spec(f"mesh_dagster.cli.{module}") is not None


@click.group(cls=_Subcommands)
def contract() -> None:
    """Contracts on their own: hold data against one, infer, compare and convert them."""
