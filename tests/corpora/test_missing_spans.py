"""A value without a place in its text gets the reason that the words tell."""

import pytest

from space_jax.corpora import missing_spans
from space_jax.corpora.missing_spans import reason

EARLIER = ("Maple Inn is a cheap hotel", "it has free parking")


@pytest.mark.parametrize(
    ("value", "text", "expected"),
    [
        ("dontcare", "any will do", missing_spans.CHOICE),
        ("False", "there is no music", missing_spans.CHOICE),
        ("FindEvents", "find events in York", missing_spans.INTENT),
        ('{"day": 3}', "on the 3rd", missing_spans.OBJECT),
        ("york", "from York", missing_spans.TAKEN),
        ("7 pm", "at 7pm", missing_spans.DIVIDED),
        ("kings cross", "to King 's Cross", missing_spans.DIVIDED),
        ("3", "for three on the 3rd", missing_spans.NUMBER),
        ("15:00", "by 3 pm", missing_spans.NUMBER),
        ("414", "1,414 trains", missing_spans.NUMBER),
        ("maple inn", "book it", missing_spans.EARLIER),
        ("cheap", "something cheaper", missing_spans.FORM),
        ("centre", "in the center", missing_spans.FORM),
        ("portuguese", "Portugeuse food", missing_spans.FORM),
        ("kitchen speaker", "in the kitchen", missing_spans.PARTLY),
        ("expensive", "a fine place", missing_spans.OTHERWISE),
        ("?", "what", missing_spans.FORM),
    ],
)
def test_the_reason(value, text, expected):
    assert reason(value, text, EARLIER) == expected
    assert expected in missing_spans.REASONS


def test_what_was_said_before_counts_only_if_it_was():
    assert reason("maple inn", "book it", ()) == missing_spans.OTHERWISE
