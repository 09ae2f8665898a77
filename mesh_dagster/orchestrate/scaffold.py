"""What `dg scaffold defs mesh_dagster.DataProduct <name>` writes: a product that loads and runs.

The example is whole and small on purpose: it publishes at once, and a person edits it from there.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Literal

from dagster.components.scaffold.scaffold import Scaffolder, ScaffoldRequest
from pydantic import BaseModel, Field

from mesh_dagster.descriptors.domain import find_domain, read_domain
from mesh_dagster.errors import AddressError, UsageError
from mesh_dagster.model.address import Address

_TEMPLATES = {
    "product.odps.yaml": "product.odps.yaml.jinja",
    "contract.odcs.yaml": "contract.odcs.yaml.jinja",
    "defs.yaml": "defs.yaml.jinja",
    "transform.py": "transform.py.jinja",
    "queries/newest.sql": "newest.sql.jinja",
}


class ProductParams(BaseModel):
    """What the scaffolder may be told."""

    archetype: Literal["source-aligned", "aggregate", "consumer-aligned"] = Field(
        "source-aligned", description="Which need the product is shaped by."
    )


class ProductScaffolder(Scaffolder[ProductParams]):
    """Writes the files of a product."""

    @classmethod
    def get_scaffold_params(cls) -> type[ProductParams]:
        return ProductParams

    def scaffold(self, request: ScaffoldRequest[ProductParams]) -> None:
        """Write the product's folder; its name is the product's.

        Raises `UsageError` outside a domain, and `AddressError` for a name that cannot be one.
        """
        folder = Path(request.target_path).resolve()
        home = find_domain(folder)
        if home is None:
            raise UsageError(
                f"{folder} lies in no domain: there is no domain.yaml in any folder above it",
                fix="cd into a domain first",
            )
        domain = read_domain(home)
        try:
            address = Address(domain.name, folder.name, 1)
        except AddressError:
            with suppress(OSError):
                folder.rmdir()  # dg made it before it asked
            raise
        values = {
            "address": str(replace(address, major=None)),
            "domain": domain.name,
            "name": folder.name,
            "team": domain.team,
            "archetype": request.params.archetype if request.params else "source-aligned",
            "sql_name": address.sql_name,
            "type": request.type_name,
        }
        for name, template in _TEMPLATES.items():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(_rendered(template, values), encoding="utf-8")


def _rendered(template: str, values: dict[str, str]) -> str:
    import jinja2

    text = (files("mesh_dagster.orchestrate") / "templates" / template).read_text(encoding="utf-8")
    environment = jinja2.Environment(  # noqa: S701 - it writes YAML, SQL and Python
        keep_trailing_newline=True, undefined=jinja2.StrictUndefined
    )
    return environment.from_string(text).render(values)
