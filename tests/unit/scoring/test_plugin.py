"""A dimension of another package comes in by the same door as ours."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mesh_dagster import plugins
from mesh_dagster.errors import UsageError
from mesh_dagster.model.score import Score
from mesh_dagster.scoring.score import rule_set, score
from mesh_dagster.scoring.subject import Subject

CODE = """
from mesh_dagster.model.score import Side
from mesh_dagster.scoring.rule import Dimension, Look, rule
from mesh_dagster.scoring.subject import Subject

@rule("used", Side.DECLARED, worth=2)
def _used(subject: Subject) -> Look:
    cases = subject.described.product.use_cases
    return Look(min(1, len(cases) / 2), f"{len(cases)} use cases")

@rule("loved", Side.OBSERVED)
def _loved(subject: Subject) -> Look:
    raise RuntimeError("nobody was asked")

VALUABLE = Dimension("valuable", weight=100, version="7", rules=(_used,))
BROKEN = Dimension("valuable", weight=10, version="8", rules=(_used, _loved))
SECURE = Dimension("secure", weight=1, version="9", rules=(_used,))
NONE = "no dimension"
"""

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Installs a distribution whose entry points are dimensions."""
    site = tmp_path / "site"
    info = site / "values-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: values\nVersion: 1.0\n")
    (site / "values_of_ours.py").write_text(CODE)
    monkeypatch.syspath_prepend(str(site))

    def make(**points: str) -> None:
        lines = [f"{name} = values_of_ours:{point}" for name, point in points.items()]
        text = "\n".join(["[mesh_dagster.score_dimensions]", *lines, ""])
        (info / "entry_points.txt").write_text(text)
        _forget()

    yield make
    sys.modules.pop("values_of_ours", None)
    _forget()


def _forget() -> None:
    importlib.invalidate_caches()
    plugins.installed.cache_clear()
    rule_set.cache_clear()


def found(subject: Subject) -> Score:
    return score(subject)


def test_a_dimension_of_a_plugin_is_scored_with_ours_and_makes_another_rule_set(
    perfect: Subject, install: Install
) -> None:
    before = rule_set().version
    install(valuable="VALUABLE")
    scored = found(perfect)
    assert list(scored.told.dimensions)[-1] == "valuable"
    assert scored.told.dimensions["valuable"] == 50
    assert scored.overall == 75
    assert scored.rules == f"{before}+valuable@7"


def test_a_rule_that_raises_gives_nothing_and_says_why(perfect: Subject, install: Install) -> None:
    install(valuable="BROKEN")
    dimension = found(perfect).dimension("valuable")
    assert dimension is not None
    assert (dimension.declared, dimension.observed) == (50, 0)
    assert dimension.points[1].evidence == "could not be evaluated: RuntimeError: nobody was asked"


def test_no_plugin_replaces_a_dimension_of_ours(perfect: Subject, install: Install) -> None:
    install(secure="SECURE")
    assert found(perfect).rules == "1.1"
    assert found(perfect).dimensions[-1].guards


@pytest.mark.parametrize("point", ["NONE", "SECURE"])
def test_what_is_no_dimension_of_that_name_is_refused_by_name(point: str, install: Install) -> None:
    install(valuable=point)
    with pytest.raises(UsageError, match="valuable"):
        rule_set()
