"""The guard finds what a benchmark tests with in another spelling and nearly so, and leaves common phrases alone."""

import numpy as np
import pytest

from space_jax.corpora.mixtures.description import Guard
from space_jax.corpora.mixtures.guard import REASONS, GuardIndex, Table, id_group, id_hash, index_of
from space_jax.corpora.mixtures.sources import Benchmark
from space_jax.corpora.mixtures.wording import wording
from space_jax.dialogue.record import SYSTEM, USER, Dialogue, Turn

GUARD = Guard(content_words=5, same_ids=(("multiwoz21", "multiwoz20_single"),))
TRAIN_TRIP = (
    "I need a train from Cambridge to Norwich on Tuesday morning, leaving after nine.",
    "There are four trains, the first leaves at 9:36 and arrives at 10:55. Shall I book it?",
    "Yes please, for three people, and tell me what the tickets cost altogether.",
    "Your booking was successful, the total is 52 pounds, payable at the station.",
    "Thank you, goodbye.",
    "Goodbye, have a nice trip!",
)


def dialogue(*texts, identity="test-PMUL1"):
    return Dialogue(identity, tuple(Turn((USER, SYSTEM)[n % 2], text) for n, text in enumerate(texts)))


@pytest.fixture(scope="module")
def index():
    tested = [dialogue(*TRAIN_TRIP), dialogue("Yes", identity="test-2")]
    intents = [dialogue("why was my card payment declined abroad yesterday", identity="validation-1")]
    return index_of(GUARD, [Benchmark("multiwoz21", "test", tested), Benchmark("banking77", "validation", intents)])


def judged(index, *dialogues, group=None):
    verdicts = index.judge(
        np.array([id_hash(group, one.id) if group else 0 for one in dialogues], np.uint64),
        [wording(one, GUARD.content_words) for one in dialogues],
    )
    names = ["" if place < 0 else index.benchmarks[place] for place in verdicts.benchmark]
    return [(REASONS[reason], name) for reason, name in zip(verdicts.reason, names, strict=True)]


def test_another_casing_and_other_blanks_are_the_same_text(index):
    planted = dialogue(*(f"  {text.upper().replace(' ', '   ')} " for text in TRAIN_TRIP), identity="train-9")
    assert judged(index, planted) == [("text", "multiwoz21/test")]


def test_one_changed_word_is_near(index):
    planted = [text.replace("Norwich", "Ely") for text in TRAIN_TRIP]
    assert judged(index, dialogue(*planted)) == [("near", "multiwoz21/test")]
    opened = dialogue("Hello, how can I help?", *TRAIN_TRIP)
    assert judged(index, opened) == [("near", "multiwoz21/test")]


def test_an_utterance_in_another_dialogue_is_found(index):
    planted = dialogue("Hi", "Hello!", "Why was my card payment DECLINED abroad, yesterday?", "Let me see.")
    assert judged(index, planted) == [("utterance", "banking77/validation")]
    by_the_system = dialogue("Hi", "Why was my card payment declined abroad yesterday?")
    assert judged(index, by_the_system) == [("", "")]


def test_common_phrases_drop_nothing(index):
    common = dialogue("I want to eat", "Where?", "Thank you, goodbye.", "Goodbye, have a nice trip!")
    assert judged(index, common) == [("", "")]
    assert judged(index, dialogue("yes!")) == [("text", "multiwoz21/test")]  # the benchmark has this as a whole
    assert judged(index, dialogue("yes please")) == [("", "")]


def test_ids_are_shared_in_a_group_only(index):
    assert id_group(GUARD, "multiwoz20_single") == id_group(GUARD, "multiwoz21") is not None
    assert id_group(GUARD, "sgd") is None
    other = dialogue("something else", identity="train-PMUL1")
    assert judged(index, other, group=id_group(GUARD, "multiwoz20_single")) == [("id", "multiwoz21/test")]
    assert judged(index, other) == [("", "")]


def test_the_first_reason_and_many_dialogues_at_once(index):
    many = [dialogue("nothing"), dialogue(*TRAIN_TRIP), dialogue("Hi", "Hello", TRAIN_TRIP[0])]
    assert [reason for reason, _ in judged(index, *many)] == ["", "text", "utterance"]
    assert judged(index) == []


def test_an_index_is_the_same_after_a_file(index, tmp_path):
    index.save(tmp_path / "guard.npz")
    loaded = GuardIndex.load(tmp_path / "guard.npz")
    assert loaded.benchmarks == index.benchmarks
    assert loaded.near == index.near
    np.testing.assert_array_equal(loaded.signatures, index.signatures)
    np.testing.assert_array_equal(loaded.utterances.hashes, index.utterances.hashes)


def test_tables_keep_the_first_benchmark_and_find_nothing_when_empty():
    table = Table.of([(9, 1), (5, 2), (9, 0)])
    assert table.look_up(np.array([5, 6, 9, 2**64 - 1], np.uint64)).tolist() == [2, -1, 0, -1]
    assert Table.of([]).look_up(np.array([5], np.uint64)).tolist() == [-1]
