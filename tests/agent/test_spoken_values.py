"""A value is found in every spelling that means it, and nowhere else."""

import pytest

from space_jax.agent.spoken_values import Meaning, Values, keys_of, said_in


def values(*triples):
    made = Values()
    for domain, slot, value in triples:
        made.add(domain, slot, value)
    return made


def found(text, *triples):
    """What is said in a text, in its own words."""
    return [text[one.start : one.end] for one in said_in(text, values(*triples))]


@pytest.mark.parametrize(
    ("cell", "text", "words"),
    [
        ("19:15", "We have one at 7:15 pm.", ["7:15 pm"]),
        ("19:15", "at 19:15, at 7:15pm, at 7.15", ["19:15", "7:15pm"]),
        ("12:00", "See you at noon", ["noon"]),
        ("4", "Four or 4, not 44 or 4.5", ["Four", "4"]),
        ("01223 351241", "call 01223351241 or 01223 351241.", ["01223351241", "01223 351241"]),
        ("cb21ab", "It is in CB2 1AB.", ["CB2 1AB"]),
        ("Café Rouge", "the cafe rouge", ["cafe rouge"]),
        ("The Gonville", "Gonville, The Gonville", ["Gonville", "The Gonville"]),
        ("gonville", "The Gonville", ["Gonville"]),
        ("the full service", "a full service", ["full service"]),
        ("cheap", "a cheap place, cheaper, not-so-cheap", ["cheap", "cheap"]),
        ("£12", "It costs £12 or 12 pounds", ["£12", "12"]),
        ("12", "It costs £12", ["12"]),
        ("12 €", "for 12 €.", ["12 €"]),
        ("no", "There is no other", []),
        ("dontcare", "I dontcare", []),
        ("?", "Really?", []),
        ("", "", []),
        ("hotel", "The hotel is full", []),  # the domain's own name
        (" ".join(["word"] * 13), " ".join(["word"] * 13), []),  # a description
    ],
)
def test_spellings(cell, text, words):
    assert found(text, ("hotel", "any", cell)) == words


def test_the_longest_value_wins_and_what_it_overlaps_is_left():
    cells = (("hotel", "name", "north house"), ("hotel", "area", "north"), ("hotel", "kind", "house hotel"))
    assert found("North House Hotel in the north", *cells) == ["North House", "north"]


def test_equal_values_of_two_columns_are_one_place_with_both_meanings():
    (one,) = said_in("in Ely", values(("train", "From", "ely"), ("train", "to", "Ely")))
    assert one.meanings == {Meaning("train", "from"), Meaning("train", "to")}
    assert (one.start, one.end, one.is_number) == (3, 6, False)


def test_values_of_several_sources_are_found_together():
    tables, state = values(("hotel", "area", "north")), values(("hotel", "area", "north"), ("hotel", "day", "friday"))
    assert [one.key for one in said_in("north on Friday", tables, state)] == ["north", "friday"]


def test_a_key_is_the_same_for_all_spellings():
    assert keys_of("7:15 pm") == keys_of("19:15") == ("@1155",)
    assert keys_of("TWO") == keys_of("2") == ("#2",)
    assert keys_of("...") == ()
