"""Sizes that fit a corpus: every example fits its row, little is padding, and passes are counted in examples."""

import dataclasses
from pathlib import Path

import pytest

from space_jax.config import PretrainConfig, Space1Config, Space3Config
from space_jax.config_files import load_config
from space_jax.dialogue.record import SYSTEM, USER, Dialogue, Turn
from space_jax.errors import UserError
from space_jax.features.batch import padding_share
from space_jax.features.corpus_builder import prepare
from space_jax.features.example import Limits
from space_jax.features.fitted_sizes import fitted
from space_jax.features.pipeline import train_batches

LIMITS = Limits(max_turns=3, max_turn_tokens=20)


def dialogues(lengths, acts=None):
    """Dialogues of one question and one answer with these numbers of words each."""
    return [
        Dialogue(
            f"d{number}",
            (Turn(USER, " ".join("a" * question)), Turn(SYSTEM, " ".join("b" * answer), acts=acts)),
        )
        for number, (question, answer) in enumerate(lengths)
    ]


def built(dialogues, tokenizer, folder):
    return str(prepare({"train": dialogues}, tokenizer, folder, LIMITS, name="mine").folder)


@pytest.fixture(scope="module")
def short(word_tokenizer, tmp_path_factory):
    """Sixty dialogues of short turns: 2 to 4 words asked, 5 to 9 answered."""
    lengths = [(2 + n % 3, 5 + n % 5) for n in range(60)]
    return built(dialogues(lengths), word_tokenizer, tmp_path_factory.mktemp("short") / "corpus")


def test_short_turns_share_rows_so_that_little_is_padding(short):
    found = fitted(short, Space3Config())
    assert found.examples == 60
    assert found.padding < 0.25
    assert found.data.examples_per_row > 1
    assert found.data.context_length >= LIMITS.max_turn_tokens + 2
    one_a_row = dataclasses.replace(found.data, examples_per_row=1, row_ladder=(1.0,))
    measured = [next(train_batches(data, Space3Config(), seed=0)) for data in (found.data, one_a_row)]
    assert padding_share(measured[0]) < 0.3 < padding_share(measured[1])


def test_the_longest_example_fits_a_row_and_all_batches_some_grid(word_tokenizer, tmp_path):
    lengths = [(2, 3)] * 30 + [(20, 20), (20, 1), (1, 20)]
    data = fitted(built(dialogues(lengths), word_tokenizer, tmp_path / "corpus"), Space3Config()).data
    batches = train_batches(data, Space3Config(), seed=1)
    shapes = {next(batches).context.ids.shape[1:] for _ in range(20)}
    assert all(columns >= 22 for _, columns in shapes)
    assert len(shapes) <= len(data.row_ladder) <= 2


def test_the_labelled_share_is_half_only_where_both_kinds_exist(word_tokenizer, short, tmp_path):
    assert fitted(short, Space3Config()).data.labelled_share == 0.0
    pairs = [(2, 3)] * 20
    labelled = dialogues(pairs, acts=("inform",))
    assert fitted(built(labelled, word_tokenizer, tmp_path / "all"), Space1Config()).data.labelled_share == 1.0
    plain = [dataclasses.replace(dialogue, id=f"plain{dialogue.id}") for dialogue in dialogues(pairs)]
    mixed = built(labelled + plain, word_tokenizer, tmp_path / "some")
    assert fitted(mixed, Space1Config()).data.labelled_share == 0.5
    assert fitted(mixed, Space3Config()).data.labelled_share == 0.0  # which learns from trees, not from acts


def test_passes_are_counted_in_examples_and_a_batch_is_no_larger_than_the_corpus(word_tokenizer, short, tmp_path):
    found = fitted(short, Space3Config())
    assert (found.data.batch_size, found.steps(10)) == (16, 38)  # 600 examples
    assert found.steps(0.001) == 1
    few = fitted(built(dialogues([(1, 1)] * 5), word_tokenizer, tmp_path / "few"), Space3Config())
    assert (few.data.batch_size, few.steps(2)) == (5, 2)


def test_a_corpus_without_training_dialogues_is_refused(word_tokenizer, tmp_path):
    folder = prepare(
        {"validation": dialogues([(1, 1)])}, word_tokenizer, tmp_path / "corpus", LIMITS, name="mine"
    ).folder
    with pytest.raises(UserError, match="has no training example"):
        fitted(folder, Space3Config())


def test_the_configuration_for_own_dialogues_has_these_sizes_and_any_can_be_set(short):
    path = Path(__file__).resolve().parents[2] / "configs" / "own_dialogues.py"
    config = load_config(f"{path}:{short}", {"train.steps": 7}, PretrainConfig)
    assert config.data == fitted(short, config.recipe).data
    assert (config.train.steps, load_config(f"{path}:{short}").train.steps) == (7, 38)
    with pytest.raises(UserError, match=r"own_dialogues.py:\d+: elsewhere: no such folder; .* data build"):
        load_config(f"{path}:elsewhere")
