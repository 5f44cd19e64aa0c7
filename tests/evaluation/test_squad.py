import pytest

from space_jax.evaluation.squad import answer_score, exact_match, normal_answer, token_f1


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("The Beatles", "beatles"),
        ("  an   apple a day ", "apple day"),
        ("theatre and anthem", "theatre and anthem"),  # articles are whole words
        ("U.S.A.", "usa"),
        ("a-b", "ab"),  # the hyphen goes first, so that no article is left
        ("A!", ""),
        ("«Ёлка» — 5 €", "«ёлка» — 5 €"),  # other punctuation than ASCII's stays
        ("10,000 $", "10000"),
    ],
)
def test_normal_form_by_hand(text, normal):
    assert normal_answer(text) == normal


@pytest.mark.parametrize(
    ("predicted", "answers", "exact", "f1"),
    [
        ("the 7pm train", ["7pm train"], 1, 1),
        ("7pm", ["the 7pm train"], 0, 2 * 1 * 0.5 / 1.5),
        ("train train", ["train"], 0, 2 * 0.5 * 1 / 1.5),  # a word shared once counts once
        ("at noon", ["midnight", "noon"], 0, 2 * 0.5 * 1 / 1.5),  # of several answers the best
        ("", [], 1, 1),
        ("noon", [], 0, 0),
        ("", ["noon"], 0, 0),
        ("the", [], 1, 1),  # nothing is left of it
        ("", ["the", "noon"], 0, 0),  # an answer of which nothing is left is none
    ],
)
def test_scores_by_hand(predicted, answers, exact, f1):
    assert exact_match(predicted, answers) == exact
    assert token_f1(predicted, answers) == pytest.approx(f1)


def test_means():
    score = answer_score(["noon", "", "at noon"], [["noon"], ["noon"], ["noon"]])
    assert (score.exact_match, score.f1, score.count) == (1 / 3, pytest.approx((1 + 2 / 3) / 3), 3)
    assert answer_score([], []).f1 == 0
    with pytest.raises(ValueError, match="shorter"):
        answer_score(["noon", "noon"], [["noon"]])
