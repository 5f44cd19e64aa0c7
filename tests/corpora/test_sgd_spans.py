"""Finding values in a text and replacing them."""

import pytest

from space_jax.corpora.sgd_spans import delexicalise, locate


def found(text: str, *said: tuple[str, str], annotated=()) -> dict[str, str]:
    """Value -> the text at its place."""
    spans = locate(text, [("d", *span) for span in annotated], [("d", slot, value) for slot, value in said])
    return {value: text[start:end] for (_, _, value), (start, end) in spans.items()}


@pytest.mark.parametrize(
    ("text", "value", "place"),
    [
        ("An Italian place", "italian", "Italian"),
        ("An Italianate place", "Italian", None),
        ("It has 4.5 stars", "4", None),
        ("It has 4, maybe", "4", "4"),
        ("At 5:30", "30", None),
        ("It costs $12.", "$12", "$12"),
        ("It costs $12.50", "$12", None),
        ("True enough", "True", None),
        ("I dontcare", "dontcare", None),
        ("anything", "  ", None),
        ("(a+b)*c", "a+b", "a+b"),
        ("a İ b", "i", None),  # equal for re.IGNORECASE only
    ],
)
def test_values_are_searched_as_whole_words(text, value, place):
    assert found(text, ("slot", value)) == ({value: place} if place else {})


def test_an_annotated_span_goes_before_an_earlier_occurrence():
    text = "One at 1 pm, for 1"
    assert locate(text, [("d", "time", 7, 11)], [("d", "people", "1"), ("d", "time", "1 pm")]) == {
        ("d", "time", "1 pm"): (7, 11),
        ("d", "people", "1"): (17, 18),
    }


def test_the_longer_value_is_placed_first_and_nothing_is_placed_twice():
    text = "New York City, then York"
    assert found(text, ("a", "York"), ("b", "New York City")) == {"York": "York", "New York City": "New York City"}
    assert found("just 2 here", ("a", "2"), ("b", "2")).keys() == {"2"}
    assert len(locate("just 2 here", [], [("d", "a", "2"), ("d", "b", "2")])) == 1


def test_delexicalising_takes_the_first_and_longest_of_overlapping_spans():
    text = "fly to New York City now"
    spans = {("f", "city", "New York"): (7, 15), ("f", "to", "New York City"): (7, 20), ("f", "when", "now"): (21, 24)}
    assert delexicalise(text, spans) == "fly to [f_to] [f_when]"
    assert delexicalise(text, {}) == text
