"""One list of spellings: the tracker's scores, the loaders and the tables agree on each."""

import pytest

from space_jax.corpora.multiwoz import belief_state
from space_jax.dialogue.dont_care import is_dont_care, is_unset
from space_jax.evaluation.label_variants import DONTCARE, label_variants
from space_jax.world.database import Database

HOTELS = Database({"hotel": [{"name": "Hill Lodge", "area": "north"}, {"name": "Mill House", "area": "south"}]})

SPELLINGS = (
    *("dontcare", "any", "no preference", "don't mind", "doesnt care", "do nt care", "does n't matter", "don ' t care"),
    *("doesn\u2019t matter", "dontcare.", "Anything is fine!", "no-preference", "  Do   n't care ", "dont_care"),
)
"""Those of `table_no_preference`, and more of their kinds."""


@pytest.mark.parametrize("value", SPELLINGS)
def test_every_part_knows_every_spelling(value):
    assert is_dont_care(value)
    assert len(HOTELS.query("hotel", {"area": value})) == 2
    assert label_variants().meaning("hotel-area", value) == DONTCARE
    assert belief_state({"hotel": {"semi": {"area": value}}}, "here") == {"hotel": {"area": ("dontcare",)}}


@pytest.mark.parametrize("value", ["anywhere but here", "north", "?", "!!", "don't", "care", "\x00"])
def test_a_value_is_a_preference(value):
    assert not is_dont_care(value)
    assert not is_unset(value)


@pytest.mark.parametrize("value", ["", "  ", "none", "Not mentioned", "not given."])
def test_no_value_yet(value):
    assert is_unset(value)
    assert not is_dont_care(value)
    assert belief_state({"hotel": {"semi": {"area": value}}}, "here") == {}
