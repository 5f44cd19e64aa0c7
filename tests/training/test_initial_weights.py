"""What `--init` can name, and weights whose ids mean other tokens."""

import dataclasses

import numpy as np
import pytest

from space_jax.cli import main
from space_jax.errors import UserError
from space_jax.features.tokenizer import load_tokenizer
from space_jax.models.weights import nested, pad_vocabulary
from space_jax.tasks.encoder import Encoder
from space_jax.tasks.text_packing import SYSTEM_ROLE, Shape, dialogue_layout, pack, sentence_layout
from space_jax.training.initial_weights import for_dialogues, read_weights, require_same_tokens
from tests.convert.bert_folder import PIECES, bert_state, write_bert_folder
from tests.convert.conftest import recorded_files


@pytest.fixture
def bert_folder(tmp_path):
    return write_bert_folder(tmp_path / "bert", bert_state())


def test_a_converted_folder_and_the_hugging_face_folder_are_the_same_weights(tmp_path, bert_folder):
    assert main(["convert", "from-bert", str(bert_folder), "--out", str(tmp_path / "ours")]) == 0
    direct, converted = read_weights(str(bert_folder)), read_weights(str(tmp_path / "ours"))
    assert direct.model == converted.model
    assert direct.recipe is None
    assert direct.arrays.keys() == converted.arrays.keys()
    assert all((direct.arrays[path] == converted.arrays[path]).all() for path in direct.arrays)
    require_same_tokens(direct, converted.tokenizer)


def test_one_turn_of_a_dialogue_starts_as_a_sentence(bert_folder):
    weights = for_dialogues(read_weights(str(bert_folder)))
    tokenizer, words = weights.tokenizer, [65, 66, 68]
    model = dataclasses.replace(weights.model, vocabulary=tokenizer.vocabulary(), dropout=0.0)
    params = nested(pad_vocabulary(weights.arrays, model.vocabulary.padded_size))
    layouts = {
        "mean": dialogue_layout(tokenizer, [(SYSTEM_ROLE, words)], 8, "space2"),  # role 0 is BERT's segment 0
        "sentence": sentence_layout(tokenizer, words),
    }
    said = [
        Encoder(model, vector, None).apply({"params": params}, pack([layout], 1, Shape(8, 1)), method="vectors")
        for vector, layout in layouts.items()
    ]
    assert np.abs(said[0]).max() > 0.1
    np.testing.assert_allclose(*said, atol=1e-6)


def test_only_weights_that_know_no_dialogues_are_changed(bert_folder):
    plain = read_weights(str(bert_folder))
    once = for_dialogues(plain)
    assert for_dialogues(once) is once
    for kept in (dataclasses.replace(plain, recipe="space3"), dataclasses.replace(plain, tokenizer=None)):
        assert for_dialogues(kept) is kept
    changed = (once.arrays["backbone/embedding/token"] != plain.arrays["backbone/embedding/token"]).any(axis=1)
    vocabulary = plain.tokenizer.vocabulary()
    names = ("bos", "eos", "sos_u", "eos_u", "sos_r", "eos_r")
    assert set(np.flatnonzero(changed)) == {getattr(vocabulary, name) for name in names}


def test_a_folder_of_something_else(tmp_path):
    for folder in (tmp_path, tmp_path / "absent"):
        with pytest.raises(UserError, match="not a folder of weights: expected the workdir of a run"):
            read_weights(str(folder))


def test_tokens_in_another_order_are_refused(tmp_path, bert_folder):
    weights = read_weights(str(bert_folder))
    swapped = [*PIECES[:-2], PIECES[-1], PIECES[-2]]
    (tmp_path / "vocab.txt").write_text("".join(f"{piece}\n" for piece in swapped))
    with pytest.raises(UserError, match=r"its token 67 is '##s', but for the corpora it is '\?'"):
        require_same_tokens(weights, load_tokenizer(tmp_path / "vocab.txt"))
    (tmp_path / "vocab.txt").write_text("".join(f"{piece}\n" for piece in PIECES[:-1]))
    with pytest.raises(UserError, match="its tokenizer has 69 tokens, but the corpora were prepared with one of 68"):
        require_same_tokens(weights, load_tokenizer(tmp_path / "vocab.txt"))


def test_weights_without_a_tokenizer_are_taken_at_their_word(tmp_path, bert_folder):
    arguments = ["convert", "from-space", str(recorded_files("space3")[0]), "--recipe", "space3", "--heads", "3"]
    assert main([*arguments, "--out", str(tmp_path / "ours")]) == 0
    require_same_tokens(read_weights(str(tmp_path / "ours")), load_tokenizer(bert_folder))
