"""One turn as it is shown."""

import dataclasses
import json

import pytest

from space_jax.chat.answer import Answer, Talk, as_typed, match_line, match_names
from space_jax.world.lookup import NOTHING


def test_a_turn_is_compared_with_what_was_shown_before(scripted, fresh):
    line, talk = Answer(scripted, fresh, "area=north").finish()
    assert line["understood"]["added"] == {"hotel": {"area": "north"}}
    assert (line["matches"], line["state"]) == (1, {"hotel": {"area": "north"}})
    line, talk = Answer(scripted, talk, "area=south stars=4").finish()
    assert line["understood"] == {
        "added": {"hotel": {"stars": "4"}},
        "changed": {"hotel": {"area": ("north", "south")}},
        "removed": {},
    }
    assert talk.shown == {"hotel": {"area": ("south",), "stars": ("4",)}}
    line, _ = Answer(scripted, talk, "-area").finish()
    assert line["understood"]["removed"] == {"hotel": ("area",)}


@pytest.mark.parametrize("text", ["", "  ", "x" * 5000, "<b>[hotel_name]</b>", "\ud800 \x00", "漢字"])
def test_a_model_that_writes_nonsense_is_shown(agent, fresh, text):
    answer = Answer(agent, Talk(fresh.conversation, {"hotel": {"area": ("north",)}}), text)
    assert "".join(answer.pieces).strip()
    line, talk = answer.finish()
    assert json.dumps(line, ensure_ascii=False).encode()
    assert talk.shown == answer.state


def test_half_a_surrogate_pair_is_replaced():
    assert as_typed("a\ud800b 漢 🙂") == "a?b 漢 🙂"


@pytest.mark.parametrize(
    ("count", "line", "names"),
    [
        (0, "hotel: 0 matches [db_0]", []),
        (1, "hotel: 1 match [db_1]", ["H0"]),
        (5, "hotel: 5 matches [db_3]", ["H0", "H1", "H2", "H3", "H4"]),
        (6, "hotel: 6 matches [db_3]", ["H0", "H1", "H2", "H3", "H4", "..."]),
    ],
)
def test_the_first_matches_are_named(count, line, names):
    token = f"[db_{min(count, 3)}]"
    rows = tuple({"phone": "5", "name": f"H{n}"} for n in range(count))
    found = dataclasses.replace(NOTHING, domain="hotel", rows=rows, tokens=(token,))
    assert (match_line(found), match_names(found)) == (line, names)


def test_where_nothing_is_asked_or_booked():
    assert match_line(NOTHING) == "not asked [db_nores]"
    booked = dataclasses.replace(NOTHING, domain="x", rows=({"id": "1"},), reference="R2", tokens=("[book_success]",))
    assert (match_line(booked), match_names(booked)) == ("x: 1 match [book_success], reference R2", ["1"])
