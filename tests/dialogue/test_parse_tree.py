"""Bracketed parses: there and back, what is no tree, and where nodes stand in the utterance."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from space_jax.dialogue.parse_tree import DEPTH, Node, Placed, parse, placed, to_text, words
from space_jax.errors import UserError

NESTED = "[IN:REMIND remind me to [SL:TODO [IN:TEXT text [SL:TO Ann ] ] ] at [SL:TIME 4 : 30 pm ] ]"


def test_a_parse_is_a_tree_of_intents_and_slots():
    assert parse(NESTED) == Node(
        "IN:REMIND",
        (
            "remind",
            "me",
            "to",
            Node("SL:TODO", (Node("IN:TEXT", ("text", Node("SL:TO", ("Ann",)))),)),
            "at",
            Node("SL:TIME", ("4", ":", "30", "pm")),
        ),
    )
    assert list(words(parse(NESTED))) == ["remind", "me", "to", "text", "Ann", "at", "4", ":", "30", "pm"]


names = st.text("ABC_", min_size=1, max_size=4)
tokens = st.text("ab'4:é", min_size=1, max_size=3)


def intents(slots):
    children = st.lists(st.one_of(tokens, slots), max_size=3).map(tuple)
    return st.builds(Node, names.map("IN:{}".format), children)


def slots(intents):
    children = st.lists(st.one_of(tokens, intents), max_size=2).map(tuple)
    return st.builds(Node, names.map("SL:{}".format), children)


leaf = slots(st.nothing())
trees = intents(st.one_of(leaf, slots(intents(leaf))))


@given(trees)
def test_a_tree_is_the_same_after_printing_and_parsing(tree):
    text = to_text(tree)
    assert parse(text) == tree
    assert to_text(parse(text)) == text
    assert text.split().count("]") == text.count("[")


@pytest.mark.parametrize("text", ["  [IN:A  b   ] ", "[IN:A\tb ]\n", "[IN:A b ]\r\n"])
def test_a_run_of_white_space_in_a_parse_counts_as_one_blank(text):
    assert to_text(parse(text)) == "[IN:A b ]"


def test_closing_brackets_may_stand_together_and_within_a_word_they_are_letters():
    assert to_text(parse("[IN:A [SL:B c ]]")) == "[IN:A [SL:B c ] ]"
    assert parse("[IN:A ]b c\u00a0d e] ]") == Node("IN:A", ("]b", "c\u00a0d", "e]"))
    with pytest.raises(UserError, match=r"token 4: expected the end after the root's bracket, found '\]'"):
        parse("[IN:A b ]]")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"expected \] for each bracket, found the end with 0 open"),
        ("[IN:A b", "found the end with 1 open"),
        ("[IN:A [SL:B c ]", "found the end with 1 open"),
        ("[IN:A b ] ]", r"token 4: expected the end after the root's bracket, found '\]'"),
        ("[IN:A ] [IN:B ]", r"token 3: expected the end after the root's bracket, found '\[IN:B'"),
        ("hello", r"token 1: expected \[IN:, found 'hello'"),
        ("] [IN:A ]", r"token 1: expected \[IN:, found '\]'"),
        ("[SL:A b ]", r"token 1: expected \[IN: with a name, found '\[SL:A'"),
        ("[IN:A [IN:B c ] ]", r"token 2: expected \[SL: with a name, found '\[IN:B'"),
        ("[IN:A [SL:B [SL:C d ] ] ]", r"token 3: expected \[IN: with a name, found '\[SL:C'"),
        ("[IN: b ]", r"token 1: expected \[IN: with a name"),
        ("[IN:A [b ] ]", r"token 2: expected \[SL: with a name, found '\[b'"),
        ("[IN:A] b ]", r"token 1: expected \[IN: with a name, found '\[IN:A\]'"),
        ("[IN:A [SL:B " * DEPTH, rf"token {DEPTH + 1}: expected at most {DEPTH} levels"),
    ],
)
def test_what_is_no_tree_is_refused_with_the_token(text, message):
    with pytest.raises(UserError, match=message):
        parse(text)


def test_the_deepest_tree_that_is_read_can_be_walked():
    text = " ".join(["[IN:A [SL:B"] * (DEPTH // 2) + ["x"] + ["] ]"] * (DEPTH // 2))
    assert to_text(parse(text)) == text
    assert len(placed(parse(text), "x")) == DEPTH


def test_nodes_have_their_places_in_an_utterance_with_other_blanks():
    utterance = "remind  me to text Ann at 4:30pm"
    found = placed(parse(NESTED), utterance)
    assert found == [
        Placed(("IN:REMIND",), 0, 32),
        Placed(("IN:REMIND", "SL:TODO"), 14, 22),
        Placed(("IN:REMIND", "SL:TODO", "IN:TEXT"), 14, 22),
        Placed(("IN:REMIND", "SL:TODO", "IN:TEXT", "SL:TO"), 19, 22),
        Placed(("IN:REMIND", "SL:TIME"), 26, 32),
    ]
    assert [utterance[one.start : one.end] for one in found[1:]] == ["text Ann", "text Ann", "Ann", "4:30pm"]


def test_a_node_without_words_has_no_place_and_a_word_may_hold_a_blank_of_the_utterance():
    assert placed(parse("[IN:A [SL:B ] cando [SL:C it ] ]"), " can do it ") == [
        Placed(("IN:A",), 1, 10),
        Placed(("IN:A", "SL:B"), None, None),
        Placed(("IN:A", "SL:C"), 8, 10),
    ]


@given(trees, st.lists(st.sampled_from(["", " ", "\u00a0 "]), min_size=1, max_size=5))
def test_the_text_of_a_place_is_the_words_of_its_node(tree, gaps):
    def nodes(node):
        yield node
        for child in node.children:
            if isinstance(child, Node):
                yield from nodes(child)

    letters = "".join(words(tree))
    utterance = "".join(letter + gaps[index % len(gaps)] for index, letter in enumerate(letters))
    for node, place in zip(nodes(tree), placed(tree, utterance), strict=True):
        spelt = "".join(words(node))
        assert place.path[-1] == node.label
        assert (place.start is None) == (spelt == "")
        if spelt:
            covered = utterance[place.start : place.end]
            assert "".join(covered.split()) == spelt
            assert covered == covered.strip()


@pytest.mark.parametrize(
    ("utterance", "message"),
    [
        ("wake us", "expected words that spell the utterance, found 'm' for 'u' at character 5"),
        ("wake", "expected words of 4 characters as in the utterance, found 6"),
        ("wake me up", "expected words of 8 characters as in the utterance, found 6"),
    ],
)
def test_words_that_do_not_spell_the_utterance_are_refused(utterance, message):
    with pytest.raises(UserError, match=message):
        placed(parse("[IN:A wake me ]"), utterance)
