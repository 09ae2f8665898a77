"""The version that a change takes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh_dagster.contracts.evolution.change import GRADED, Bump, Grade, Side, What
from mesh_dagster.contracts.evolution.versions import Version, required, suffices


@pytest.mark.parametrize(
    ("old", "bump", "wanted"),
    [
        ("1.2.3", Bump.NONE, "1.2.3"),
        ("1.2.3", Bump.PATCH, "1.2.4"),
        ("1.2.3", Bump.MINOR, "1.3.0"),
        ("1.2.3", Bump.MAJOR, "2.0.0"),
        ("0.4.1", Bump.MAJOR, "0.5.0"),
        ("0.4.1", Bump.MINOR, "0.4.2"),
        ("2.0.0-rc.1", Bump.MAJOR, "2.0.0"),
        ("first", Bump.MAJOR, None),
    ],
)
def test_the_next_version_is_the_lowest_that_says_the_change(
    old: str, bump: Bump, wanted: str | None
) -> None:
    assert required(old, bump) == wanted


@pytest.mark.parametrize(
    ("old", "new", "bump", "enough"),
    [
        ("1.2.3", "1.2.3", Bump.NONE, True),
        ("2.1.0", "2.0.0", Bump.NONE, False),
        ("2.1.0", "2.1.0-rc.1", Bump.NONE, False),
        ("2.1.0", "2.2.0", Bump.NONE, True),
        ("first", "second", Bump.NONE, True),
        ("1.2.3", "1.2.3", Bump.PATCH, False),
        ("1.2.3", "1.3.0", Bump.PATCH, True),
        ("1.2.3", "1.2.9", Bump.MINOR, False),
        ("1.2.3", "1.9.0", Bump.MAJOR, False),
        ("1.2.3", "2.0.0-rc.1", Bump.MAJOR, True),
        ("1.2.3", "0.9.0", Bump.PATCH, False),
        ("0.1.0", "0.2.0", Bump.MAJOR, True),
        ("0.1.0", "0.1.1", Bump.MAJOR, False),
        ("2.0.0-rc.1", "2.0.0-rc.2", Bump.MAJOR, True),
        ("2.0.0-rc.10", "2.0.0-rc.9", Bump.PATCH, False),
        ("first", "second", Bump.PATCH, False),
    ],
)
def test_a_bump_is_enough_if_it_says_at_least_what_changed(
    old: str, new: str, bump: Bump, enough: bool
) -> None:
    assert suffices(old, new, bump) is enough


@given(
    st.tuples(*[st.integers(0, 50)] * 3),
    st.sampled_from([Bump.PATCH, Bump.MINOR, Bump.MAJOR]),
)
def test_the_required_version_suffices_and_the_old_one_does_not(
    core: tuple[int, int, int], bump: Bump
) -> None:
    old = str(Version(*core))
    wanted = required(old, bump)
    assert wanted is not None
    assert suffices(old, wanted, bump)
    assert not suffices(old, old, bump)


def test_each_kind_of_change_has_a_grade_and_only_what_breaks_takes_a_major() -> None:
    assert set(GRADED) == set(What)
    for graded in GRADED.values():
        assert (graded.grade is Grade.BREAKING) == (graded.bump is Bump.MAJOR)
        assert graded.bump is not Bump.NONE
        if graded.grade is Grade.BREAKING:
            assert Side.READER in graded.hurts
