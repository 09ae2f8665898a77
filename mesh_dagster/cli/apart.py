"""One domain after the other: what is wrong with one keeps nobody from hearing of the others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from mesh_dagster.cli.output import say
from mesh_dagster.errors import EvaluationError, MeshError


class Apart:
    """Asks domains one by one, and keeps by name what kept one from answering."""

    def __init__(self) -> None:
        self.problems: dict[str, MeshError] = {}

    @contextmanager
    def domain(self, name: str) -> Iterator[None]:
        """Whatever is asked of one domain; its error goes to `problems`."""
        try:
            yield
        except MeshError as error:
            self.problems.setdefault(name, error)

    def tell(self) -> int:
        """Say who could not be asked, and why; the exit code that this is worth."""
        for name, error in self.problems.items():
            say(f"{name} could not be asked: {error}")
        return EvaluationError.exit_code if self.problems else 0
