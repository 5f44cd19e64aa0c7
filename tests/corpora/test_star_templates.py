"""Which words of a reply fill which place of its template."""

import pytest

from space_jax.corpora import star_templates
from space_jax.dialogue.record import Slot, Value
from space_jax.errors import UserError


def slots(template: str, text: str) -> tuple[Slot, ...]:
    return star_templates.values(text, star_templates.compiled([("here", {"x": template})])["x"])


def test_places_become_slots_with_their_words():
    assert slots("It is\n {what:s} in {City:s} (now).", "It is very wet in Ulm (now).") == (
        Slot("what", (Value("very wet", 6, 14),)),
        Slot("city", (Value("Ulm", 18, 21),)),
    )


@pytest.mark.parametrize("text", ["It is .", "It is a.b", "it is a."])
def test_a_reply_that_does_not_follow_its_template_has_no_values(text):
    assert slots("It is {what:s}.", text) == ()


def test_a_place_that_stands_twice_is_the_same_words():
    assert slots("{a} or {a:d}", "x or x") == (Slot("a", (Value("x", 0, 1),)),)
    assert slots("{a} or {a:d}", "x or y") == ()


def test_places_for_whole_sentences_are_no_slots():
    assert slots("{message:s} Bye {name}.", "Go. Bye Ann.") == (Slot("name", (Value("Ann", 8, 11),)),)


def test_wordings_of_several_tasks_are_tried_in_order():
    templates = star_templates.compiled(
        [("a", {"x": "Hi {name}"}), ("b", {"x": "Ho {name}"}), ("c", {"x": "Hi {name}"})]
    )
    assert len(templates["x"]) == 2
    assert star_templates.values("Ho Ann", templates["x"]) == (Slot("name", (Value("Ann", 3, 6),)),)


@pytest.mark.parametrize("record", [[], {"x": 1}])
def test_what_is_no_template_is_named(record):
    with pytest.raises(UserError, match="here: expected an object of labels with their templates"):
        star_templates.compiled([("here", record)])
