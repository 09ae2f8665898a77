"""Sets of policies: what a mesh or a domain switches on by one name, with one version.

A set comes in by the door `policies`: the built-in one, `standard`, and those of a company's own
package, which has an entry point in `mesh_dagster.policies` that names a `PolicySet`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mesh_dagster import plugins
from mesh_dagster.errors import UsageError
from mesh_dagster.policies.policy import Policy

DOOR = "policies"


@dataclass(frozen=True, slots=True)
class PolicySet:
    """Policies that belong together. `version` changes whenever one of them is added, removed or
    finds more than it did: each domain tells the version that it runs.

    Raises `ValueError` where two of them have the same id.
    """

    name: str
    version: str
    policies: tuple[type[Policy], ...]

    def __post_init__(self) -> None:
        ids = [each.id for each in self.policies]
        twice = sorted({each for each in ids if ids.count(each) > 1})
        if twice:
            raise ValueError(f"the set of policies {self.name} has {twice[0]} twice")

    def __iter__(self) -> Iterator[type[Policy]]:
        return iter(self.policies)

    def __sub__(self, ids: Iterable[str]) -> PolicySet:
        """The set without some of its policies."""
        gone = frozenset(ids)
        return PolicySet(
            self.name, self.version, tuple(each for each in self if each.id not in gone)
        )


def policy_set(name: str) -> PolicySet:
    """The set of a name. Raises `UsageError` where no package brings one."""
    found = plugins.load(DOOR, name)
    if not isinstance(found, PolicySet):
        raise UsageError(
            f"what comes in by the door `{DOOR}` as {name!r} is no set of policies: "
            f"{type(found).__name__}",
            code="MESH-P001",
            fix=f"let its entry point in `mesh_dagster.{DOOR}` name a PolicySet",
        )
    return found


def installed() -> tuple[PolicySet, ...]:
    """Every set that some package brings, by name."""
    return tuple(policy_set(name) for name in sorted(plugins.behind(DOOR)))
