"""Who decides: somebody, by a name that something proved."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Identity:
    """Who somebody is, and how that was proven.

    `proof` is the name of what proved it (`os`, `aws`, `environment`, `launchpad`), `detail`
    what it saw: a user id, an ARN, a variable. `names` are all by which an owner can be named.
    """

    name: str
    proof: str
    verified: bool
    detail: str = ""
    names: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.name} ({self.proof}{'' if self.verified else ', unverified'})"
