"""Who reads: a domain, a team, a service or a person."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from mesh_dagster.errors import UsageError

_NAME = re.compile(r"[^\s:][^\s]{0,199}")


class PrincipalKind(StrEnum):
    """What can be given a right."""

    DOMAIN = "domain"
    TEAM = "team"
    SERVICE = "service"
    PERSON = "person"


@dataclass(frozen=True, slots=True, order=True)
class Principal:
    """Somebody or something that reads, as grants and the audit name it: `domain:flights`."""

    kind: PrincipalKind
    name: str

    @classmethod
    def parse(cls, text: str) -> Principal:
        """The principal of a text like `person:grace.liu@nycair.example`. Raises `UsageError`."""
        kind, colon, name = text.strip().partition(":")
        if not colon or kind not in [each.value for each in PrincipalKind]:
            raise UsageError(
                f"{text[:100]!r} names no principal",
                fix="domain:NAME, team:NAME, service:NAME or person:NAME",
            )
        if not _NAME.fullmatch(name):
            raise UsageError(f"{text[:100]!r} has no usable name", fix=f"{kind}:NAME")
        return cls(PrincipalKind(kind), name.lower())

    def __str__(self) -> str:
        return f"{self.kind.value}:{self.name}"
