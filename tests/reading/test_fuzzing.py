"""Every fault found so far, and many that were not, at every door: a result or one sentence, nothing half-written."""

import pytest

from tests.reading.doors import DOORS
from tests.reading.fuzzing import FAULTS, Figures, fuzz, fuzz_for, offer

SECONDS = 60.0  # of the long test, for all doors together


@pytest.mark.parametrize("name", DOORS)
def test_a_whole_file_is_read(name, tmp_path):
    door, figures = DOORS[name], Figures()
    door.beside(tmp_path)
    offer(door, tmp_path, door.content, figures)
    assert figures.refused == (name in NOT_WHOLE)


NOT_WHOLE = ("index of weights", "BERT's configuration", "converted weights")
"""Doors behind which more is missing than what is spoilt here."""


@pytest.mark.parametrize("name", DOORS)
def test_every_fault_found_so_far(name, tmp_path):
    door, figures = DOORS[name], Figures()
    door.beside(tmp_path)
    for content in FAULTS.values():
        offer(door, tmp_path, content, figures)
    assert figures.tried == len(FAULTS)
    assert figures.refused > 0 or name == "answers"  # which are computed again where they cannot be read


@pytest.mark.parametrize("name", DOORS)
def test_a_few_spoilt_files(name, tmp_path):
    figures = Figures()
    fuzz(name, tmp_path, figures, examples=8, seed=0)
    assert figures.tried >= 8


@pytest.mark.slow
@pytest.mark.parametrize("name", DOORS)
def test_many_spoilt_files(name, record_property):
    figures = fuzz_for(name, SECONDS / len(DOORS))
    record_property("tried", figures.tried)
    record_property("refused", figures.refused)
    assert figures.tried >= 25
