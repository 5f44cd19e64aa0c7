"""Checksums of the small parts of a checkpoint."""

import json
import math

import pytest

from space_jax.errors import UserError
from space_jax.training.checkpoint_notes import CHECKSUMS, RANK, Notes, checked, verified

NOTES = Notes({"seed": 0, "fields": {"a": [1, None]}}, {"loss": math.nan, "x": math.inf, "best": -1e-9}, 0.1)
SAVED = json.loads(json.dumps(checked(3, NOTES), allow_nan=False)) | {RANK: 0.1}


def test_what_was_saved_is_taken_and_numbers_that_json_lacks_are_nan():
    found = verified(3, SAVED, "checkpoint c/3")
    assert (found.facts, found.rank, found.results["best"]) == (NOTES.facts, 0.1, -1e-9)
    assert math.isnan(found.results["loss"])
    assert math.isnan(found.results["x"])


@pytest.mark.parametrize("part", Notes._fields)
@pytest.mark.parametrize("value", [None, [], {}, 5, 0.2, "x", True])
def test_what_was_not_is_named(part, value):
    expected = rf"^checkpoint c/3: its {part} cannot be read \(not what was saved with step 3\)"
    with pytest.raises(UserError, match=expected):
        verified(3, SAVED | {part: value}, "checkpoint c/3")


@pytest.mark.parametrize("sums", [{}, SAVED[CHECKSUMS] | {RANK: "x"}, checked(4, NOTES)[CHECKSUMS]])
def test_checksums_of_something_else_are_no_checksums(sums):
    with pytest.raises(UserError, match=r"checkpoint c/3: its \w+ cannot be read"):
        verified(3, SAVED | {CHECKSUMS: sums}, "checkpoint c/3")
