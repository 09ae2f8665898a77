"""Every exception of the mesh.

A violation is data (`mesh_dagster.model.finding.Finding`); an exception means that the
question could not be answered at all.

    MeshError
    ├── UsageError              the call makes no sense                       exit code 2
    │   ├── AddressError            not an address of the mesh
    │   ├── NotInMesh               no mesh.yaml from here upwards
    │   ├── UnknownAddress          well formed, and nothing is there
    │   └── MissingExtra            an optional dependency is not installed
    ├── DescriptorError         YAML files that cannot be used; has all findings     2
    └── EvaluationError         could not evaluate, or could not finish              3
        ├── NeverPublished          the port has no publication (yet, or any more)
        ├── UndeclaredInput         a product asked for what its descriptor does not name
        ├── AccessDenied            whoever asks may not read the port
        ├── TransformError          the domain's own code failed
        ├── StorageError            storage refused: full, read-only, unreachable
        │   ├── MissingObject           nothing lies under that key
        │   └── CorruptState            what storage holds contradicts itself
        └── JournalError            the domain's ledger refused or is corrupt
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from mesh_dagster.model.finding import Finding


LONGEST_LINE = 1000
"""Characters of somebody else's message that are passed on."""


class MeshError(Exception):
    """What is wrong, where it is, and what to do about it.

    `code` is stable and explained by `mesh explain CODE`. Instances pickle, because they
    cross Dagster's processes.
    """

    exit_code: ClassVar[int] = 3
    default_code: ClassVar[str] = "MESH-M001"

    def __init__(
        self,
        what: str,
        *,
        code: str | None = None,
        where: str | None = None,
        fix: str | None = None,
    ) -> None:
        super().__init__(what)
        self.what = what
        self.code = code or self.default_code
        self.where = where
        self.fix = fix

    def __str__(self) -> str:
        lines = [f"{self.code} {self.what}"]
        if self.where:
            lines.append(f"  at {self.where}")
        if self.fix:
            lines.append(f"  fix: {self.fix}")
        return "\n".join(lines)

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.args, self.__dict__))


def first_line(error: BaseException) -> str:
    """What an error said, without the plan or the drawing that engines append."""
    said = error.what if isinstance(error, MeshError) else str(error)
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    named = [line for line in lines if line.startswith("error:")]
    line = (named or lines or [type(error).__name__])[0]
    return line.removeprefix("error:").strip()[:LONGEST_LINE]


def _rebuild(
    kind: type[MeshError], args: tuple[object, ...], state: dict[str, object]
) -> MeshError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class UsageError(MeshError):
    """The call makes no sense as it stands."""

    exit_code = 2
    default_code = "MESH-M002"


class AddressError(UsageError):
    """The text is not an address of the mesh."""

    default_code = "MESH-D001"


class NotInMesh(UsageError):
    """There is no mesh.yaml here or in any folder above."""

    default_code = "MESH-M003"


class UnknownAddress(UsageError):
    """The address is well formed, and the mesh has nothing there."""

    default_code = "MESH-M004"


class MissingExtra(UsageError):
    """An optional dependency is needed and not installed."""

    default_code = "MESH-M005"

    def __init__(self, purpose: str, extra: str) -> None:
        super().__init__(
            f"{purpose} needs the extra `{extra}`, which is not installed",
            fix=f"pip install 'mesh-dagster[{extra}]'",
        )
        self.extra = extra


class DescriptorError(MeshError):
    """Descriptor files that cannot be used; carries every finding, not the first only."""

    exit_code = 2
    default_code = "MESH-D002"

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__("\n".join(str(finding) for finding in findings))
        self.findings = tuple(findings)

    def __str__(self) -> str:
        return self.what


class EvaluationError(MeshError):
    """The question makes sense and could not be answered."""


class NeverPublished(EvaluationError):
    """The port has no publication to read (yet, at that moment, or any more)."""

    default_code = "MESH-M010"


class UndeclaredInput(EvaluationError):
    """A product asked for an input its descriptor does not name (design rule 4)."""

    default_code = "MESH-M011"


class AccessDenied(EvaluationError):
    """Whoever asks may not read the port; `rule` says by which rule of access.

    The refusal is in the access log.
    """

    default_code = "MESH-A001"

    def __init__(self, what: str, *, rule: str, fix: str | None = None) -> None:
        super().__init__(what, fix=fix)
        self.rule = rule


class TransformError(EvaluationError):
    """The domain's own code failed; the cause is chained."""

    default_code = "MESH-M012"


class StorageError(EvaluationError):
    """Storage refused: full, read-only, not reachable."""

    default_code = "MESH-M013"


class MissingObject(StorageError):
    """Nothing lies under that key of storage."""

    default_code = "MESH-M016"


class CorruptState(StorageError):
    """What storage holds contradicts itself: a pointer to nothing, a data file gone."""

    default_code = "MESH-M014"


class JournalError(EvaluationError):
    """The domain's ledger refused or is corrupt."""

    default_code = "MESH-M015"
