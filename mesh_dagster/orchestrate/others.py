"""What else a domain keeps under `defs/`, loaded by dg as dg does it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._utils.warnings import suppress_dagster_warnings
from dagster.components.core.component_tree import ComponentTree
from dagster.components.core.decl import (
    ComponentDecl,
    DefsFolderDecl,
    build_filesystem_component_decl_from_context,
)
from dagster.components.core.defs_module import ComponentPath


class _SomeOfTheTree(ComponentTree):
    """dg's tree of a project, without the folders that are read otherwise."""

    def of_only(self, paths: Sequence[Path]) -> dg.Definitions:
        loc = ComponentPath.from_path(self.defs_module_path)
        context = self.decl_load_context.for_component_loc(loc)
        children: dict[Path, ComponentDecl[Any]] = {}
        for path in paths:
            at = context.for_component_loc(ComponentPath.from_path(path))
            if decl := build_filesystem_component_decl_from_context(at):
                children[path] = decl
        self.state_tracker.set_cache_data(
            loc,
            component_decl=DefsFolderDecl(
                context=context,
                loc=loc,
                children=children,
                source_tree=None,
                component_file_model=None,
            ),
        )
        return self.build_defs_at_path(loc)


@suppress_dagster_warnings
def load_others(project: Path, paths: Sequence[Path]) -> dg.Definitions:
    """The definitions of folders and Python files below a project's `defs/`."""
    if not paths:
        return dg.Definitions()
    return _SomeOfTheTree.for_project(project).of_only(paths)
