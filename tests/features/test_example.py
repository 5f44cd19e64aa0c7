"""Examples: which turns become one, what is kept, and that hidden labels leave no trace."""

import dataclasses
import itertools

import numpy as np
import pytest

from space_jax.dialogue.acts import ACT_INDEX
from space_jax.dialogue.labels import Known
from space_jax.dialogue.record import SYSTEM, USER, Dialogue, Frame, Slot, Turn, Value
from space_jax.dialogue.trees import hashed_views
from space_jax.errors import UserError
from space_jax.features.example import Limits, context_example, dialogue_examples, stable_hash, without_labels

HOTEL = (Frame("hotel", "inform", (Slot("area", (Value("the east", 14, 22),)),)),)
OFFER = (Frame("hotel", "propose", (Slot("name", (Value("autumn house"),)),)),)
DIALOGUE = Dialogue(
    "d1",
    (
        Turn(USER, "a hotel in the the east please", HOTEL),
        Turn(SYSTEM, "autumn house", OFFER, ("propose", "inform")),
        Turn(USER, "thanks", ()),
        Turn(SYSTEM, "bye", (), ()),
    ),
)


def examples(dialogue, tokenizer, **limits):
    return list(dialogue_examples(dialogue, tokenizer, Limits(**limits)))


def test_one_example_for_each_system_turn_with_something_before_it(word_tokenizer):
    first, second = examples(DIALOGUE, word_tokenizer)
    words = word_tokenizer.encode
    assert first.turn_tokens.tolist() == words("a hotel in the the east please")
    assert first.turn_lengths.tolist() == [7]
    assert first.turn_roles.tolist() == [1]
    assert first.response_tokens.tolist() == words("autumn house")
    assert second.turn_tokens.tolist() == words("a hotel in the the east please autumn house thanks")
    assert second.turn_lengths.tolist() == [7, 2, 1]
    assert second.turn_roles.tolist() == [1, 0, 1]
    assert second.response_tokens.tolist() == words("bye")
    assert first.dialogue == second.dialogue == stable_hash("d1", 31)


def test_an_opening_system_turn_is_context_only(word_tokenizer):
    dialogue = Dialogue("d", (Turn(SYSTEM, "hello"), Turn(USER, "hi"), Turn(SYSTEM, "yes ?"), Turn(SYSTEM, "well ?")))
    first, second = examples(dialogue, word_tokenizer)
    assert first.turn_roles.tolist() == [0, 1]
    assert second.turn_roles.tolist() == [0, 1, 0]  # two turns of one speaker stay two turns
    assert second.turn_lengths.tolist() == [1, 1, 2]


def test_labels_of_an_annotated_example(word_tokenizer):
    first, second = examples(DIALOGUE, word_tokenizer, tree_elements=3)
    assert first.known == (True, True, True)
    np.testing.assert_array_equal(first.user_tree, hashed_views(HOTEL, 3))
    np.testing.assert_array_equal(first.system_tree, hashed_views(OFFER, 3))
    assert np.flatnonzero(first.acts).tolist() == sorted([ACT_INDEX["propose"], ACT_INDEX["inform"]])
    # Characters 14 to 22 are "the east"; the value of the response has no offsets.
    assert np.flatnonzero(first.span_mask).tolist() == [4, 5]
    # Annotated as saying nothing is known too.
    assert second.known == (True, True, True)
    assert not second.user_tree.any()
    assert not second.acts.any()
    assert np.flatnonzero(second.span_mask).tolist() == [4, 5]


@pytest.mark.parametrize("known", [Known(*flags) for flags in itertools.product((False, True), repeat=3)])
def test_what_is_not_known_leaves_no_trace_and_the_rest_stays(word_tokenizer, known):
    user, system = DIALOGUE.turns[:2]
    user = dataclasses.replace(user, frames=user.frames if known.user_tree else None)
    frames, acts = system.frames if known.system_tree else None, system.acts if known.acts else None
    (example,) = examples(Dialogue("d1", (user, dataclasses.replace(system, frames=frames, acts=acts))), word_tokenizer)
    assert example.known == known
    assert example.acts.any() == known.acts
    assert example.user_tree.any() == example.span_mask.any() == known.user_tree
    assert example.system_tree.any() == known.system_tree


def test_of_a_hidden_dialogue_nothing_is_known(word_tokenizer):
    for example in examples(without_labels(DIALOGUE), word_tokenizer):
        assert not any(example.known)
        for array in (example.user_tree, example.system_tree, example.acts, example.span_mask):
            assert not array.any()


def test_the_user_tree_is_not_known_after_a_system_turn(word_tokenizer):
    dialogue = Dialogue("d", (*DIALOGUE.turns[:2], Turn(SYSTEM, "shall i book it", OFFER, ("offer",))))
    example = examples(dialogue, word_tokenizer)[1]
    assert example.known == (True, False, True)
    assert not example.user_tree.any()
    assert example.system_tree.any()


def test_limits_keep_the_last_turns_the_last_context_tokens_and_the_first_response_tokens(word_tokenizer):
    example = examples(DIALOGUE, word_tokenizer, max_turns=2, max_turn_tokens=1)[1]
    words = word_tokenizer.encode
    assert example.turn_tokens.tolist() == words("house thanks")
    assert example.turn_lengths.tolist() == [1, 1]
    first = examples(DIALOGUE, word_tokenizer, max_turn_tokens=2)[0]
    assert first.turn_tokens.tolist() == words("east please")
    assert first.span_mask.tolist() == [True, False]
    assert examples(DIALOGUE, word_tokenizer, max_turn_tokens=1)[0].response_tokens.tolist() == words("autumn")


def test_a_response_is_cut_only_if_it_goes_on(word_tokenizer):
    """Of two words and of one."""
    cuts = [[one.response_cut for one in examples(DIALOGUE, word_tokenizer, max_turn_tokens=most)] for most in (1, 2)]
    assert cuts == [[True, False], [False, False]]


def test_empty_texts_and_dialogues(word_tokenizer):
    (example,) = examples(Dialogue("d", (Turn(USER, ""), Turn(SYSTEM, ""))), word_tokenizer)
    assert example.turn_tokens.shape == example.response_tokens.shape == (0,)
    assert example.turn_lengths.tolist() == [0]
    assert examples(Dialogue("d", ()), word_tokenizer) == []
    assert examples(Dialogue("d", (Turn(SYSTEM, "hello"),)), word_tokenizer) == []
    (alone,) = examples(Dialogue("d", (Turn(USER, "", ()),)), word_tokenizer)
    assert (alone.turn_lengths.tolist(), alone.known.user_tree, alone.responded) == ([0], True, False)


def test_where_nobody_answers_each_user_turn_is_an_example_without_a_response(word_tokenizer):
    asked, said = Turn(SYSTEM, "which area ?", OFFER, ("request",)), DIALOGUE.turns[0]
    (after_question,) = examples(Dialogue("d", (asked, said)), word_tokenizer)
    assert after_question.turn_roles.tolist() == [0, 1]
    assert after_question.known == (False, True, False)
    assert not after_question.responded
    np.testing.assert_array_equal(after_question.user_tree, hashed_views(HOTEL, 16))
    assert not after_question.system_tree.any()
    assert not after_question.acts.any()
    assert np.flatnonzero(after_question.span_mask).tolist() == [7, 8]
    first, second = examples(Dialogue("d", (said, Turn(USER, "thanks"))), word_tokenizer)
    assert (first.known.user_tree, second.known.user_tree) == (True, False)
    assert second.turn_lengths.tolist() == [7, 1]


def test_in_a_dialogue_with_answers_the_last_user_turn_is_no_example(word_tokenizer):
    dialogue = Dialogue("d", (*DIALOGUE.turns, Turn(USER, "bye", ())))
    assert [example.responded for example in examples(dialogue, word_tokenizer)] == [True, True]


def test_dtypes(word_tokenizer):
    for example in examples(DIALOGUE, word_tokenizer):
        names = ("turn_tokens", "turn_lengths", "turn_roles", "response_tokens", "user_tree", "system_tree")
        assert all(getattr(example, name).dtype == np.int32 for name in names)
        assert example.span_mask.dtype == np.bool_
        assert example.acts.dtype == np.float32


def test_the_hash_is_stable_and_positive():
    assert stable_hash("", 64) == 0xE4A6A0577479B2B4
    assert all(0 <= stable_hash(str(n), 31) < 2**31 for n in range(100))
    assert len({stable_hash(str(n), 31) for n in range(1000)}) == 1000


def test_limits_must_be_positive():
    with pytest.raises(UserError, match=r"limits\.max_turns: 0 is not a positive whole number"):
        Limits(max_turns=0)


def test_a_whole_dialogue_as_context(word_tokenizer):
    """It is the example of an answer that is not there yet."""
    limits = Limits(max_turns=2, max_turn_tokens=3)
    asked = dataclasses.replace(DIALOGUE, turns=DIALOGUE.turns[:3])
    context, (_, answered) = (
        context_example(asked, word_tokenizer, limits),
        examples(DIALOGUE, word_tokenizer, **vars(limits)),
    )
    for name in ("turn_tokens", "turn_lengths", "turn_roles"):
        np.testing.assert_array_equal(getattr(context, name), getattr(answered, name))
    assert not any(context.known)
    assert not context.responded
    assert not context.response_tokens.size
    assert not context.user_tree.any()


def test_limits_in_a_file(tmp_path):
    limits = Limits(max_turns=2, max_turn_tokens=40, tree_elements=8)
    limits.save(tmp_path / "new")
    assert Limits.load(tmp_path / "new") == limits
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["limits.json"]
    for damaged in ("", "[]", '{"max_turns": 2, "turns": 3}', '{"max_turns": "2"}'):
        (tmp_path / "limits.json").write_text(damaged)
        with pytest.raises(UserError, match=r"limits\.json: cannot be read"):
            Limits.load(tmp_path)
    with pytest.raises(UserError, match=r"none.limits\.json: cannot be read .*; the run's `pretrain` command"):
        Limits.load(tmp_path / "none")
