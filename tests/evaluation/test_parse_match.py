import pytest

from space_jax.dialogue.parse_tree import parse
from space_jax.errors import UserError
from space_jax.evaluation.parse_match import brackets, parse_score

NESTED = "[IN:A play [SL:B [IN:C the [SL:D blue ] one ] ] now ]"


def test_brackets_by_word():
    assert list(brackets(parse(NESTED))) == [("IN:A", 0, 5), ("SL:B", 1, 4), ("IN:C", 1, 4), ("SL:D", 2, 3)]


def test_exact_match_is_of_trees_and_not_of_blanks():
    score = parse_score([NESTED.replace(" now", "   now")], [NESTED])
    assert (score.exact_match, score.bracket_f1, score.validity) == (1.0, 1.0, 1.0)


def test_other_words_are_no_match():
    score = parse_score(["[IN:A plays ]"], ["[IN:A play ]"])
    assert (score.exact_match, score.bracket_f1) == (0.0, 1.0)


def test_a_missing_bracket_by_hand():
    score = parse_score(["[IN:A play [SL:B the blue one ] now ]"], [NESTED])
    assert score.exact_match == 0.0
    assert score.bracket_f1 == pytest.approx(2 * 2 / (2 + 4))


@pytest.mark.parametrize("text", ["", "play", "[IN:A play", "[IN:A play ] ]", "[SL:B play ]", "[IN:A [IN:B x ] ]"])
def test_what_is_no_tree_is_invalid(text):
    score = parse_score([text, "[IN:A play ]"], ["[IN:A play ]", "[IN:A play ]"])
    assert (score.exact_match, score.validity) == (0.5, 0.5)
    assert score.bracket_f1 == pytest.approx(2 / 3)


def test_nothing_at_all():
    assert parse_score([], []).exact_match == 0.0


def test_a_reference_that_is_no_tree_is_the_users_mistake():
    with pytest.raises(UserError, match="parse"):
        parse_score(["[IN:A x ]"], ["[IN:A x"])
