"""A policy: one rule of the federation, or of a domain, as one small class.

It looks at a `View` of one product and says everything that is against it, as findings. How grave
each of them is, whether it is enforced yet and who is let off it is none of its business: that
follows from the stage of the product, from mesh.yaml and from waivers. It never does I/O.

    class ColumnsDescribed(Policy):
        \"\"\"Every column is described.

        Who reads a column has to know what it means without asking its team.
        \"\"\"

        id = "columns-described"
        rationale = "A product explains itself (self-describing)."
        severity = since(Stage.BETA, before=Severity.WARNING)

        def check(self, view: View) -> Iterator[Finding]:
            for port, column in view.columns():
                if not column.description:
                    yield self.finding(
                        view,
                        f"the column `{column.name}` is not described",
                        port=port,
                        where=column.where,
                        fix="description: what it means to somebody of another domain",
                    )

        @staticmethod
        def passing() -> View:
            return example()

        @staticmethod
        def failing() -> View:
            return example(columns=[column("amount", description=None)])
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from datetime import date
from inspect import cleandoc
from typing import Any, ClassVar

from mesh_dagster.model.finding import Finding, Severity
from mesh_dagster.model.policy import Force, Moment
from mesh_dagster.model.product import Stage
from mesh_dagster.policies.view import View

Severities = Mapping[Stage, Severity]
"""How grave a violation is, by the stage of the product; in a stage that is missing, the policy
is not asked."""

_ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)+", re.ASCII)
_BEFORE_THE_END = (Stage.DRAFT, Stage.ALPHA, Stage.BETA, Stage.STABLE, Stage.DEPRECATED)


def since(
    stage: Stage, severity: Severity = Severity.ERROR, *, before: Severity | None = None
) -> Severities:
    """The same severity from a stage on; `before` it another, or (None) it is not asked.

    Of a retired product nothing is asked.
    """
    first = _BEFORE_THE_END.index(stage)
    earlier = {} if before is None else dict.fromkeys(_BEFORE_THE_END[:first], before)
    return {**earlier, **dict.fromkeys(_BEFORE_THE_END[first:], severity)}


class Policy(ABC):
    """One rule. Its docstring explains it: the first line is its title.

    `options` are what a mesh may set of it in mesh.yaml, with their defaults; an instance has
    those that hold in `self.options`. `version` is raised whenever it finds more than it did.
    Raises `TypeError` where a class is made that lacks one of these or has no proper id, and
    `ValueError` for an option that it does not have.
    """

    id: ClassVar[str]
    """Words in lower case joined by hyphens, for good; the code of its findings."""
    rationale: ClassVar[str]
    """Why there is such a policy at all."""
    owner: ClassVar[str] = "governance"
    """Who answers for it, and is asked about it."""
    moments: ClassVar[frozenset[Moment]] = frozenset({Moment.BUILD, Moment.LOAD})
    severity: ClassVar[Severities] = since(Stage.ALPHA)
    force: ClassVar[Force] = Force.ENFORCED
    until: ClassVar[date | None] = None
    """Of `Force.GRACE`: the last day on which it only warns."""
    version: ClassVar[int] = 1
    options: Mapping[str, Any] = {}

    def __init__(self, **options: Any) -> None:
        known = type(self).options
        if unknown := sorted(options.keys() - known.keys()):
            raise ValueError(f"{self.id} has no option {unknown[0]!r}")
        self.options = {**known, **options}

    def __init_subclass__(cls, **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        if "check" not in vars(cls):
            return  # what several policies have in common
        for name in ("id", "rationale"):
            if not isinstance(getattr(cls, name, None), str):
                raise TypeError(f"the policy {cls.__qualname__} has no `{name}`")
        if not _ID.fullmatch(cls.id):
            raise TypeError(f"the policy {cls.__qualname__} has the id {cls.id!r}: two-words")
        if not cls.__doc__:
            raise TypeError(f"the policy {cls.__qualname__} has no docstring that explains it")
        if (cls.force is Force.GRACE) != (cls.until is not None):
            raise TypeError(f"{cls.id}: a policy in grace has an end, `until`, and no other has")

    @abstractmethod
    def check(self, view: View) -> Iterator[Finding]:
        """Everything about a product that is against the policy."""

    @staticmethod
    @abstractmethod
    def passing() -> View:
        """A product with which nothing is wrong."""

    @staticmethod
    @abstractmethod
    def failing() -> View:
        """A product of which the policy has something to say."""

    def finding(
        self,
        view: View,
        message: str,
        *,
        port: str = "",
        where: str | None = None,
        fix: str | None = None,
    ) -> Finding:
        """One thing that is against it. Without `where` it is told of the descriptor's line."""
        subject = view.address.with_port(port or None).path
        where = where or view.product.where
        return Finding(self.id, message, Severity.ERROR, subject, where, fix)

    @classmethod
    def title(cls) -> str:
        """Its docstring's first line."""
        return cleandoc(cls.__doc__ or "").partition("\n")[0].rstrip(".")

    @classmethod
    def explanation(cls) -> str:
        """The rest of its docstring."""
        return cleandoc(cls.__doc__ or "").partition("\n")[2].strip()
