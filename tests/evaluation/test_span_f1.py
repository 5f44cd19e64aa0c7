import random

import pytest

from space_jax.evaluation.span_f1 import span_score


def dialoglue(predicted, truth):
    """The benchmark's definition, written out again: an utterance and a slot is one decision."""
    scores = []
    for slot in {span[0] for spans in truth for span in spans}:
        right = made = wanted = 0
        for guess, true in zip(predicted, truth, strict=True):
            of_guess = sorted(span for span in guess if span[0] == slot)
            of_true = sorted(span for span in true if span[0] == slot)
            made += len(of_guess) > 0
            wanted += len(of_true) > 0
            right += len(of_guess) > 0 and of_guess == of_true
        precision, recall = right / (1e-5 + made), right / (1e-5 + wanted)
        scores.append(2 * precision * recall / (1e-5 + precision + recall))
    return sum(scores) / len(scores)


def test_by_hand():
    truth = [[("time", 0, 4), ("people", 6, 7)], [("time", 2, 5)], []]
    predicted = [[("time", 0, 4)], [("time", 2, 6)], [("people", 0, 1)]]
    score = span_score(predicted, truth)
    assert score.slots["time"].f1 == 0.5  # one of two made, one of two wanted
    assert score.slots["people"].f1 == 0.0
    assert score.macro_f1 == 0.25
    assert score.micro_f1 == pytest.approx(2 * 1 / (3 + 3))
    assert score.exact == 0.0
    assert (score.slots["time"].support, score.slots["people"].support) == (2, 1)


def test_two_spans_of_a_slot_are_one_decision():
    truth = [[("date", 0, 3), ("date", 5, 8)]]
    assert span_score([[("date", 0, 3)]], truth).macro_f1 == 0.0
    assert span_score([[("date", 0, 3)]], truth).micro_f1 == pytest.approx(2 / 3)
    assert span_score([[("date", 5, 8), ("date", 0, 3)]], truth).macro_f1 == 1.0


def test_a_span_said_twice_counts_once():
    score = span_score([[("date", 0, 3), ("date", 0, 3)]], [[("date", 0, 3)]])
    assert (score.macro_f1, score.micro_f1, score.exact) == (1.0, 1.0, 1.0)


def test_nothing_predicted_nothing_wanted():
    assert span_score([[]], [[("date", 0, 3)]]).macro_f1 == 0.0
    empty = span_score([[], []], [[], []])
    assert (empty.macro_f1, empty.micro_f1, empty.exact, empty.slots) == (0.0, 0.0, 1.0, {})
    assert span_score([], []).exact == 0.0


def test_a_slot_only_predicted_does_not_enter_the_mean():
    score = span_score([[("date", 0, 3), ("colour", 4, 6)]], [[("date", 0, 3)]])
    assert score.macro_f1 == 1.0
    assert score.micro_f1 == pytest.approx(2 / 3)


def test_an_utterance_more_or_less_is_refused():
    with pytest.raises(ValueError, match="2 predictions for 1"):
        span_score([[], []], [[]])


def test_as_the_benchmark_computes_it():
    draw = random.Random(3)

    def spans():
        return [(draw.choice("ab"), start, start + 1) for start in range(3) if draw.random() < 0.5]

    truth = [spans() for _ in range(400)]
    predicted = [true if draw.random() < 0.6 else spans() for true in truth]
    assert span_score(predicted, truth).macro_f1 == pytest.approx(dialoglue(predicted, truth), abs=1e-4)
