"""The corruptions: what each keeps, how much it changes, what it never touches; words and clauses of real texts."""

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from space_jax.config import YuYanConfig
from space_jax.errors import UserError
from space_jax.features.denoise import (
    CORRUPTIONS,
    STAYS,
    clause_ends,
    clause_numbers,
    delete_clause,
    delete_words,
    hide_words,
    reorder_clauses,
    shift_words,
    shiftable,
    word_numbers,
)
from space_jax.features.example import Limits, dialogue_examples
from space_jax.features.layout import assemble
from space_jax.features.restoring import last_turns, restoring_item
from space_jax.features.storage import from_record, to_record
from space_jax.features.tokenizer import load_tokenizer
from space_jax.features.words import continues_words, segmenter
from tests.features.chinese import chinese_dialogues, write_vocabulary

MASK = 2
TEXTS = hnp.arrays(np.int64, st.integers(1, 40), elements=st.integers(-1, 9))


def rng(seed=0):
    return np.random.default_rng(seed)


def text_of(numbers):
    """A text with a word or clause for each run of equal numbers, and ids in which tokens may repeat."""
    changes = np.concatenate([[True], np.diff(numbers) != 0])
    units = np.where(numbers < 0, STAYS, np.cumsum(changes & (numbers >= 0)) - 1)
    return (np.arange(len(numbers)) % 7 + 30).astype(np.int32), units


@given(numbers=TEXTS, share=st.floats(0, 0.9), seed=st.integers(0, 50))
def test_hidden_words_are_hidden_whole_and_as_many_as_asked(numbers, share, seed):
    ids, words = text_of(numbers)
    hidden = hide_words(ids, words, share, MASK, rng(seed))
    count = len(np.unique(words[words >= 0]))
    changed = np.unique(words[hidden == MASK])
    assert len(changed) == min(count, max(1, round(share * count)))
    assert (hidden[np.isin(words, changed)] == MASK).all()
    np.testing.assert_array_equal(hidden[~np.isin(words, changed)], ids[~np.isin(words, changed)])
    assert STAYS not in changed


@given(numbers=TEXTS, share=st.floats(0, 0.9), seed=st.integers(0, 50))
def test_a_shifted_word_keeps_its_tokens_and_its_place(numbers, share, seed):
    ids, words = text_of(numbers)
    shifted = shift_words(ids, words, share, rng(seed))
    changed = np.unique(words[shifted != ids])
    possible = len(shiftable(ids, words))
    assert len(changed) == min(possible, max(1, round(share * possible)))
    for word in np.unique(words):
        assert sorted(shifted[words == word]) == sorted(ids[words == word])
    np.testing.assert_array_equal(shifted[words < 0], ids[words < 0])


@given(numbers=TEXTS, seed=st.integers(0, 50), data=st.data())
def test_reordered_clauses_stay_whole_and_in_their_turn(numbers, seed, data):
    ids, clauses = text_of(numbers)
    ids = np.arange(len(ids), dtype=np.int32)
    turns = np.sort(data.draw(hnp.arrays(np.int64, len(ids), elements=st.integers(1, 3))))
    clauses = np.where(clauses < 0, STAYS, clauses * 4 + turns)  # a turn ends a clause
    reordered, source = reorder_clauses(ids, clauses, turns, rng(seed))
    np.testing.assert_array_equal(reordered, ids[source])
    np.testing.assert_array_equal(np.sort(source), np.arange(len(ids)))
    np.testing.assert_array_equal(turns[source], turns)
    np.testing.assert_array_equal(source[clauses < 0], np.flatnonzero(clauses < 0))
    for turn in np.unique(turns):
        here = (turns == turn) & (clauses >= 0)
        several = len(np.unique(clauses[here])) > 1
        assert (source[here] != np.flatnonzero(here)).any() == several
        moved = clauses[source[here]]
        assert np.count_nonzero(np.diff(moved)) == max(len(np.unique(moved)) - 1, 0)


@given(numbers=TEXTS, share=st.floats(0, 0.9), seed=st.integers(0, 50))
def test_what_is_left_after_deletion_is_a_subsequence(numbers, share, seed):
    ids, units = text_of(numbers)
    count = len(np.unique(units[units >= 0]))
    for left_ids, left in (delete_words(ids, units, share, rng(seed)), delete_clause(ids, units, rng(seed))):
        np.testing.assert_array_equal(left_ids, ids[left])
        assert left[units < 0].all()
        gone = np.unique(units[~left])
        assert not np.isin(units[left], gone).any()
        assert count == 0 or len(gone) < count  # never all
    words_gone = len(np.unique(units[~delete_words(ids, units, share, rng(seed))[1]]))
    assert words_gone == (min(max(1, round(share * count)), count - 1) if count else 0)
    assert len(np.unique(units[~delete_clause(ids, units, rng(seed))[1]])) == (1 if count > 1 else 0)


def test_the_same_seed_gives_the_same_text():
    ids, words = text_of(np.arange(40) // 2)
    np.testing.assert_array_equal(shift_words(ids, words, 0.5, rng(3)), shift_words(ids, words, 0.5, rng(3)))
    assert (shift_words(ids, words, 0.5, rng(3)) != shift_words(ids, words, 0.5, rng(4))).any()


def test_words_of_english_and_chinese():
    english = continues_words("don't go, please", [(0, 3), (3, 4), (4, 5), (6, 7), (7, 8), (8, 9), (10, 16)])
    assert english.tolist() == [False, False, False, False, True, False, False]
    assert continues_words("我们 想订", [(0, 1), (1, 2), (3, 4), (4, 5)]).tolist() == [False, True, False, True]
    assert continues_words("", []).tolist() == []
    # SentencePiece gives a blank to the token behind it.
    assert continues_words("a bc", [(0, 1), (1, 3), (3, 4)]).tolist() == [False, False, True]


def test_a_segmenter_adds_beginnings():
    text, offsets = "我们想订，桌子", [(n, n + 1) for n in range(7)]
    cut = lambda text: ["我们", "想", "订", "，", "桌子"]  # noqa: E731
    assert continues_words(text, offsets, cut).tolist() == [False, True, False, False, False, False, True]
    assert continues_words(text, offsets).tolist() == [False, True, True, True, False, False, True]
    assert segmenter("blanks") is None


def test_a_segmenter_that_is_not_installed_is_one_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "rjieba", None)
    segmenter.cache_clear()
    with pytest.raises(UserError, match="needs the package rjieba; install 'space-jax\\[chinese\\]'"):
        segmenter("jieba")


def test_the_segmenter_cuts_chinese():
    pytest.importorskip("rjieba", reason="the extra chinese is not installed")
    cut = segmenter("jieba")
    for dialogue in chinese_dialogues():
        text = dialogue.turns[0].text.replace(" ", "")
        assert "".join(cut(text)) == text
    assert "桌子" in list(cut("我想订一张桌子"))


def test_numbers_of_words_and_clauses():
    stays = np.array([1, 0, 0, 0, 0, 1, 1, 0, 0, 1], bool)
    begins = np.array([1, 1, 0, 1, 0, 1, 1, 0, 1, 1], bool)
    assert word_numbers(begins, stays).tolist() == [-1, 0, 0, 1, 1, -1, -1, 2, 3, -1]
    ends = np.zeros(40, bool)
    ends[[30, 31]] = True
    ids = np.array([5, 20, 30, 31, 21, 6, 5, 22, 30, 6])
    assert clause_numbers(ids, stays, ends).tolist() == [-1, 0, 0, 0, 1, -1, -1, 2, 2, -1]


@pytest.fixture(scope="module")
def chinese(tmp_path_factory):
    """A tokenizer and the examples of the Chinese corpus."""
    tokenizer = load_tokenizer(write_vocabulary(tmp_path_factory.mktemp("chinese") / "vocab.txt"))
    limits = Limits(max_turns=4, max_turn_tokens=30)
    return tokenizer, [e for d in chinese_dialogues() for e in dialogue_examples(d, tokenizer, limits)]


def test_chinese_words_are_those_between_blanks(chinese):
    tokenizer, examples = chinese
    first = examples[0]
    words, word = [], ""
    for token, continues in zip(first.turn_tokens.tolist(), first.continues.tolist(), strict=True):
        word = word + tokenizer.token(token) if continues else (words.append(word) or tokenizer.token(token))
    assert [*words, word][1:] == ["你好", "，", "我", "想", "订", "一", "张", "桌子", "。"]


def test_a_stored_example_keeps_its_words(chinese):
    for example in chinese[1]:
        stored = from_record(to_record(example))
        np.testing.assert_array_equal(stored.continues, example.continues)
        np.testing.assert_array_equal(stored.span_mask, example.span_mask)


def items(chinese, length=64, count=300):
    tokenizer, examples = chinese
    ends, vocabulary, draw = clause_ends(tokenizer), tokenizer.vocabulary(), rng(1)
    layouts = [assemble(examples[n % len(examples)], vocabulary, "yuyan", 64) for n in range(count)]
    return (
        vocabulary,
        layouts,
        [restoring_item(layout, YuYanConfig(), vocabulary, ends, length, draw) for layout in layouts],
    )


def test_the_whole_text_is_restored_from_every_corruption(chinese):
    vocabulary, layouts, made = items(chinese)
    assert {item.variant for item in made} == set(range(len(CORRUPTIONS)))
    for layout, item in zip(layouts, made, strict=True):
        whole, corrupted = item.layout.response, item.layout.ids
        assert (whole[0], whole[-1]) == (vocabulary.bos, vocabulary.eos)
        np.testing.assert_array_equal(whole[1:-1], layout.ids[-len(whole) + 2 :])
        assert corrupted.tolist() != whole[1:-1].tolist()
        np.testing.assert_array_equal(item.masked_ids, corrupted)
        marks = lambda ids: [t for t in ids.tolist() if t in vocabulary.special and t != vocabulary.mask]  # noqa: E731
        assert marks(corrupted) == marks(whole[1:-1])
        # Every turn begins at 0 and has no gap, so that nothing says where words are missing.
        for turn in np.unique(item.layout.turns):
            own = item.layout.positions[item.layout.turns == turn]
            np.testing.assert_array_equal(own, np.arange(len(own)))


def test_a_long_dialogue_is_cut_to_whole_turns_that_fit(chinese):
    _, layouts, made = items(chinese, length=30, count=40)
    assert max(len(item.layout.response) for item in made) <= 30
    longest = max(layouts, key=lambda layout: len(layout.ids))
    starts = np.flatnonzero(longest.positions == 0)
    for most in range(3, len(longest.ids) + 1):
        cut = last_turns(longest, most)
        assert len(cut.ids) <= most
        fitting = [start for start in starts if len(longest.ids) - start <= most]
        assert len(cut.ids) == (len(longest.ids) - fitting[0] if fitting else most)


def test_chinese_and_english_marks_end_clauses(chinese):
    tokenizer, _ = chinese
    ends = clause_ends(tokenizer)
    assert {tokenizer.token(int(n)) for n in np.flatnonzero(ends)} == set("，。？！；")
