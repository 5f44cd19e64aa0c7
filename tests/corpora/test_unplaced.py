"""A value without a place in its text gets the reason that the words tell."""

import pytest

from space_jax.corpora import unplaced
from space_jax.corpora.unplaced import reason

EARLIER = ("Maple Inn is a cheap hotel", "it has free parking")


@pytest.mark.parametrize(
    ("value", "text", "expected"),
    [
        ("dontcare", "any will do", unplaced.CHOICE),
        ("False", "there is no music", unplaced.CHOICE),
        ("FindEvents", "find events in York", unplaced.INTENT),
        ('{"day": 3}', "on the 3rd", unplaced.OBJECT),
        ("york", "from York", unplaced.TAKEN),
        ("7 pm", "at 7pm", unplaced.DIVIDED),
        ("kings cross", "to King 's Cross", unplaced.DIVIDED),
        ("3", "for three on the 3rd", unplaced.NUMBER),
        ("15:00", "by 3 pm", unplaced.NUMBER),
        ("414", "1,414 trains", unplaced.NUMBER),
        ("maple inn", "book it", unplaced.EARLIER),
        ("cheap", "something cheaper", unplaced.FORM),
        ("centre", "in the center", unplaced.FORM),
        ("portuguese", "Portugeuse food", unplaced.FORM),
        ("kitchen speaker", "in the kitchen", unplaced.PARTLY),
        ("expensive", "a fine place", unplaced.OTHERWISE),
        ("?", "what", unplaced.FORM),
    ],
)
def test_the_reason(value, text, expected):
    assert reason(value, text, EARLIER) == expected
    assert expected in unplaced.REASONS


def test_what_was_said_before_counts_only_if_it_was():
    assert reason("maple inn", "book it", ()) == unplaced.OTHERWISE
