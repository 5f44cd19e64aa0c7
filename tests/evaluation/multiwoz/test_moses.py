"""Spacing after the Moses scripts."""

import pytest

from space_jax.evaluation.multiwoz.moses import join_tokens, respace, split_tokens


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  sure !  when ,  then ? ", "sure! when, then?"),
        ("it is in the NAME , at ADDRESS .", "it is in the NAME, at ADDRESS."),
        ("a,b,c", "a, b, c"),
        ("5,300 people", "5,300 people"),
        ("it costs $ 5 or £6", "it costs $5 or £6"),
        ("( see below )", "(see below)"),
        ("well...then", "well... then"),
        ("don't you're it's", "don't you're it's"),
        ("the guests ' rooms", "the guests' rooms"),
        ("the 1980's", "the 1980's"),
        ('he said " yes " .', 'he said "yes".'),
        ("you 're here , it 's there", "you 're here, it' s there"),  # lone apostrophes open and close in turn
        ("he said 'go.'", "he said 'go.'"),
        ("50 % / 3_4 & #5", "50% / 3 _ 4 & # 5"),
        ("well-known place", "well-known place"),
        ("at 09 : 30", "at 09: 30"),
        ("one\ntwo\tthree\x01", "one two three"),
        ("café ½", "café ½"),
        ("", ""),
    ],
)
def test_spacing(text, expected):
    assert respace(text) == expected


def test_tokens():
    assert split_tokens("don't, \"the\" guests'x") == ["don", "'t", ",", '"', "the", '"', "guests", "'x"]
    assert join_tokens(["(", "a", ")", "%", "¿", "b", "?"]) == "(a)% ¿b?"


def test_it_changes_nothing_twice():
    text = "Well, the NAME's phone (PHONE) is \"new\": don't call before 09:30..."
    assert respace(respace(text)) == respace(text)
