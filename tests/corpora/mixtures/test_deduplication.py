"""Duplicates: found whatever the casing and the order, near ones by their shingles, different ones kept."""

import random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from space_jax.corpora.mixtures.deduplication import EXACT, KEPT, NEAR, duplicates
from space_jax.corpora.mixtures.wording import NEAR_WORDS, agreement, wording, words_of
from space_jax.dialogue.record import SYSTEM, USER, Dialogue, Turn

WORDS = [f"{a}{b}{c}" for a in "bdfgk" for b in "aeiou" for c in "lmnrst"]


def text(seed, words=60):
    return " ".join(random.Random(seed).choices(WORDS, k=words))


def dialogue(*texts):
    return Dialogue("d", tuple(Turn((USER, SYSTEM)[n % 2], text) for n, text in enumerate(texts)))


def changed(original, at, word="elsewhere"):
    words = original.split()
    words[at] = word
    return " ".join(words)


def found(texts, sources=None, near=0.8):
    hashes = [wording(dialogue(text), 5) for text in texts]
    return duplicates(
        np.zeros(len(texts), int) if sources is None else np.array(sources),
        np.array([one.text for one in hashes], np.uint64),
        np.stack([one.signature for one in hashes]),
        np.array([one.words >= NEAR_WORDS for one in hashes]),
        near,
    )


def test_casing_blanks_punctuation_and_unicode_forms_make_no_difference():
    same = [
        "I'm looking for a café, please!",
        "i 'm  looking for\ta CAFÉ please",
        "I\u2019m looking for a cafe\u0301 please",
    ]
    assert len({wording(dialogue(text), 5).text for text in same}) == 1
    assert words_of("It_is 7:30") == ["it", "is", "7", "30"]
    other = [dialogue("one two", "three"), dialogue("one", "two three"), dialogue("one two three")]
    assert len({wording(one, 5).text for one in other}) == 3


def test_only_user_turns_with_content_words_count_by_themselves():
    one = dialogue(
        "Yes, thank you, I would like that please", "Boats leave Cambridge daily before noon", "book me boats"
    )
    assert len(wording(one, 5).utterances) == 0
    assert len(wording(one, 2).utterances) == 1


@given(st.integers(0, 1000), st.integers(0, 59))
def test_a_signature_estimates_the_overlap_of_the_shingles(seed, at):
    a, b = text(seed), changed(text(seed), at)
    shingles = [set(zip(words, words[1:], words[2:], strict=False)) for words in (a.split(), b.split())]
    exact = len(shingles[0] & shingles[1]) / len(shingles[0] | shingles[1])
    signatures = [wording(dialogue(one), 5).signature for one in (a, b)]
    assert abs(agreement(*signatures) - exact) < 0.25  # five standard deviations
    assert agreement(signatures[0], wording(dialogue(text(seed + 5000)), 5).signature) < 0.2


def test_exact_and_near_ones_are_told_from_others():
    short = "set an alarm for seven"
    texts = [text(1), text(1).upper(), changed(text(1), 30), text(2), short, "set an alarm for eight", short]
    assert found(texts, sources=[0, 1, 1, 1, 1, 1, 2]).tolist() == [KEPT, EXACT, NEAR, KEPT, KEPT, KEPT, EXACT]
    assert found(texts, sources=[0, 1, 1, 1, 1, 1, 2], near=0).tolist() == [0, EXACT, 0, 0, 0, 0, EXACT]


def test_the_earlier_source_is_kept():
    assert found([text(1), text(1)], sources=[1, 0]).tolist() == [EXACT, KEPT]
    assert found([changed(text(1), 5), text(1)], sources=[1, 0]).tolist() == [NEAR, KEPT]
    assert found([changed(text(1), 5), text(1)], sources=[0, 1]).tolist() == [KEPT, NEAR]


@given(st.permutations(range(24)))
def test_what_is_kept_does_not_depend_on_the_order(order):
    texts = [text(n // 3) if n % 3 == 0 else changed(text(n // 3), n) for n in range(24)]
    texts[5] = texts[4]
    sources = [n % 2 for n in range(24)]
    kept = {texts[n] for n in np.flatnonzero(found(texts, sources) == KEPT)}
    shuffled = found([texts[n] for n in order], [sources[n] for n in order])
    assert {texts[order[n]] for n in np.flatnonzero(shuffled == KEPT)} == kept
    assert len(kept) == 8


def test_many_of_one_template_are_all_compared():
    texts = [changed(text(7), n % 60, f"word{n}") for n in range(200)]
    assert (found(texts) == KEPT).sum() < 12
    assert (found([text(n) for n in range(200)]) == KEPT).all()
