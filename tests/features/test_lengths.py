"""Tokens are counted as examples have them, and padding is what the grids of training have."""

import numpy as np
import pytest

from space_jax.config import DataConfig, Space3Config, Vocabulary
from space_jax.dialogue.record import SYSTEM, USER, Dialogue, Turn
from space_jax.features import lengths as module
from space_jax.features.batch import padding_share
from space_jax.features.example import Limits, dialogue_examples
from space_jax.features.grid import make_grid
from space_jax.features.layout import assemble
from space_jax.features.lengths import Lengths, padding
from space_jax.features.packing import Item, pack

LIMITS = Limits(max_turns=2, max_turn_tokens=4)
DIALOGUES = [
    Dialogue("a", (Turn(USER, "one two three four five"), Turn(SYSTEM, "one"), Turn(USER, ""), Turn(SYSTEM, "a b"))),
    Dialogue("c", (Turn(USER, "a"), Turn(SYSTEM, "one two three four five"))),
    Dialogue("b", (Turn(USER, "alone here"),)),
]
DATA = DataConfig(context_length=24, response_length=8, examples_per_row=3, tree_elements=4)


def test_lengths_are_those_of_the_layout(word_tokenizer):
    lengths = Lengths(word_tokenizer, LIMITS)
    assert list(lengths.measured(DIALOGUES)) == DIALOGUES
    assert lengths.tokens == {USER: 8, SYSTEM: 8}
    assert lengths.turns == {5: 2, 1: 2, 0: 1, 2: 2}
    layouts = [
        assemble(example, word_tokenizer.vocabulary(), "space3", 100)
        for dialogue in DIALOGUES
        for example in dialogue_examples(dialogue, word_tokenizer, LIMITS)
    ]
    assert lengths.sample == [(len(layout.ids), len(layout.response)) for layout in layouts]
    assert lengths.sample == [(6, 3), (5, 4), (3, 5), (4, 0)]
    report = lengths.as_json([2])
    assert report["cut"]["turns of more than 4 tokens"] == 2 / 7
    assert report["context_tokens"] == {"3": 1, "4": 1, "5": 1, "6": 1}


def test_padding_is_that_of_training_batches(make_example):
    rng = np.random.default_rng(1)
    examples = [make_example([[20] * rng.integers(1, 5)], [21] * rng.integers(0, 5)) for _ in range(6)]
    layouts = [assemble(example, Vocabulary(special=(0,)), "space3", DATA.context_length) for example in examples]
    grid = make_grid(DATA, Space3Config(), 6, 4)
    empty = np.zeros(0, np.int32)
    batch = pack([Item(layout, layout.ids, empty, empty) for layout in layouts], grid)
    sample = [(len(layout.ids), len(layout.response)) for layout in layouts]
    shares = padding(sample, 6, DATA, LIMITS)
    assert shares["packed"] == pytest.approx(padding_share(batch))
    contexts, responses = map(np.array, zip(*sample, strict=True))
    real = contexts.sum() + responses.sum()
    assert shares["to_longest"] == pytest.approx(1 - real / (6 * (contexts.max() + responses.max())))
    assert shares["fixed"] == pytest.approx(1 - real / (6 * 32))
    assert shares["packed_tightest"] <= shares["packed"]


def test_a_long_context_counts_as_it_is_cut_and_a_small_sample_is_one_batch():
    shares = padding([(100, 4)], 32, DATA, LIMITS)
    assert shares["to_longest"] == 0.0
    assert shares["fixed"] == pytest.approx(1 - 28 / 32)
    assert padding([], 4, DATA, LIMITS)["packed"] == 0.0


def test_the_sample_is_drawn_from_all(word_tokenizer, monkeypatch):
    monkeypatch.setattr(module, "SAMPLE", 50)
    lengths = Lengths(word_tokenizer, Limits(max_turn_tokens=1000))
    for number in range(500):
        lengths._add(Dialogue(str(number), (Turn(USER, " ".join(["w"] * number)),)))
    assert len(lengths.sample) == 50
    assert 150 < np.mean([context for context, _ in lengths.sample]) < 350
