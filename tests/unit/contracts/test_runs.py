"""Repeated numbers are counted exactly, in one run or in many."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesh_dagster.contracts.audit.keys import runs
from mesh_dagster.contracts.audit.keys.runs import repeated

NUMBERS = st.lists(st.integers(-40, 40) | st.sampled_from([-(2**63), 2**63 - 1]), max_size=200)


@settings(max_examples=200, deadline=None)
@given(numbers=NUMBERS, run=st.integers(1, 64), cut=st.integers(1, 50))
def test_every_number_beyond_the_first_is_counted_however_many_runs_there_are(
    numbers: list[int], run: int, cut: int
) -> None:
    batches = [np.array(numbers[at : at + cut], np.int64) for at in range(0, len(numbers), cut)]
    found = repeated(batches, np.int64, run=run)
    counted = Counter(numbers)
    assert found.beyond == len(numbers) - len(counted)
    values = found.values()
    assert values is not None
    assert values.tolist() == sorted(number for number, count in counted.items() if count > 1)


def test_numbers_of_a_greater_type_are_told_apart_to_the_last_bit() -> None:
    batch = np.array([2**64 - 1, 2**64 - 2, 0, 2**64 - 1], np.uint64)
    found = repeated([batch], np.uint64)
    assert (found.beyond, list(found.values() or [])) == (1, [2**64 - 1])
    assert repeated([batch], np.uint64, run=2).beyond == 1


def test_too_many_repeated_numbers_are_counted_and_not_listed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(runs, "LISTED", 3)
    found = repeated([np.arange(8).repeat(2)], np.int64)
    assert (found.beyond, found.values()) == (8, None)
