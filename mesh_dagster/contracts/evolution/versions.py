"""The version that a change takes, against the version that is stated (semver.org, 2.0)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mesh_dagster.contracts.evolution.change import Bump

_SEMVER = re.compile(
    r"(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})"
    r"(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Version:
    """A semantic version; `pre` is what stands behind its hyphen, empty of a release."""

    major: int
    minor: int
    patch: int
    pre: str = ""

    @classmethod
    def parse(cls, text: str) -> Version | None:
        """The version of a text, None where it is none."""
        found = _SEMVER.fullmatch(text.strip())
        if found is None:
            return None
        return cls(int(found[1]), int(found[2]), int(found[3]), found[4] or "")

    @property
    def core(self) -> tuple[int, int, int]:
        return (self.major, self.minor, self.patch)

    @property
    def rank(self) -> tuple[tuple[int, int, int], bool, list[tuple[bool, int, str]]]:
        """What versions are ordered by: a release comes after all of its own prereleases."""
        parts = [
            (not each.isdecimal(), int(each) if each.isdecimal() else 0, each)
            for each in self.pre.split(".")
        ]
        return (self.core, not self.pre, parts)

    def raised(self, bump: Bump) -> Version:
        """The next version; before 1.0.0 a minor says that something breaks."""
        if bump is Bump.NONE:
            return self
        if self.pre:
            return Version(*self.core)
        if self.major == 0:
            bump = Bump.MINOR if bump is Bump.MAJOR else Bump.PATCH
        match bump:
            case Bump.MAJOR:
                return Version(self.major + 1, 0, 0)
            case Bump.MINOR:
                return Version(self.major, self.minor + 1, 0)
        return Version(self.major, self.minor, self.patch + 1)

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}" + (f"-{self.pre}" if self.pre else "")


def required(old: str, bump: Bump) -> str | None:
    """The lowest version that may follow one with changes of a bump; None where it is none."""
    version = Version.parse(old)
    return None if version is None else str(version.raised(bump))


def suffices(old: str, new: str, bump: Bump) -> bool:
    """Whether a new version says at least what changed; none goes back."""
    before, after = Version.parse(old), Version.parse(new)
    if bump is Bump.NONE:
        return before is None or after is None or after.rank >= before.rank
    if before is None or after is None:
        return False
    if before.pre:
        # A prerelease promises nothing yet: the next one, or its release, may change it.
        return after.rank > before.rank
    return after.core >= before.raised(bump).core
