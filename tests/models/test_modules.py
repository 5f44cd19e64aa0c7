"""Modules by path: out, in, counted; and the commands that do so."""

import dataclasses

import numpy as np
import pytest

from space_jax.cli import main
from space_jax.config import ModelConfig, Vocabulary
from space_jax.convert.weights_folder import write_weights
from space_jax.errors import UserError
from space_jax.features.tokenizer import load_tokenizer
from space_jax.models.modules import module_sizes, plugged, unplugged
from space_jax.models.weights import Weights
from space_jax.training.initial_weights import grafted, read_weights, require_init
from tests.convert.bert_folder import PIECES, bert_state, write_bert_folder


def weights(source, seed, recipe=None):
    rng = np.random.default_rng(seed)
    names = ("backbone/embedding/turn", "backbone/layers/outer/bias", "pooler/dense/bias", "head/kernel")
    arrays = {name: rng.normal(size=(2, 3)).astype(np.float32) for name in names}
    return Weights(arrays, ModelConfig(vocabulary=Vocabulary(size=9)), recipe, None, source)


def test_what_is_taken_out_is_gone_and_the_rest_is_the_same():
    whole = weights("a", 0)
    left = unplugged(whole, ["head", "backbone/embedding"])
    assert set(left.arrays) == {"backbone/layers/outer/bias", "pooler/dense/bias"}
    assert all(left.arrays[path] is whole.arrays[path] for path in left.arrays)
    with pytest.raises(
        UserError, match="--without: a: has no module 'poole'; modules are backbone/embedding, backbone/l"
    ):
        unplugged(whole, ["poole"])
    with pytest.raises(UserError, match="nothing would be left"):
        unplugged(whole, ["backbone", "pooler", "head"])


def test_a_module_moves_from_one_to_the_other():
    mine, theirs = weights("a", 0), weights("b", 1)
    moved = plugged(unplugged(mine, ["head"]), theirs, "head")
    assert moved.arrays["head/kernel"] is theirs.arrays["head/kernel"]
    assert moved.arrays["pooler/dense/bias"] is mine.arrays["pooler/dense/bias"]
    assert moved.source == "a with head of b"
    back = plugged(moved, mine, "head")
    assert {path: array.tolist() for path, array in back.arrays.items()} == {
        path: array.tolist() for path, array in mine.arrays.items()
    }
    with pytest.raises(UserError, match="--graft b: has no module 'summary'"):
        plugged(mine, theirs, "summary")


def test_adapters_are_a_module_of_their_own():
    shapes = {"backbone/layers/outer/kernel": (2, 4, 4), "backbone/layers/outer_adapter/up_kernel": (2, 1, 4)}
    assert module_sizes(shapes) == {"backbone/layers": 32, "backbone/layers/outer_adapter": 8}


@pytest.fixture
def bert(tmp_path):
    return write_bert_folder(tmp_path / "bert", bert_state(masked_head=True))


def test_the_command_copies_what_is_left(tmp_path, bert, capsys):
    out = tmp_path / "out"
    given = ["convert", "copy", str(bert), "--without", "masked_head", "--without", "pooler/dense/bias"]
    assert main([*given, "--out", str(out)]) == 0
    assert "parts: backbone, pooler" in capsys.readouterr().out
    whole, left = read_weights(str(bert)), read_weights(str(out))
    gone = {path for path in whole.arrays if path.startswith("masked_head/")} | {"pooler/dense/bias"}
    assert set(left.arrays) == set(whole.arrays) - gone
    for path, array in left.arrays.items():
        np.testing.assert_array_equal(array, whole.arrays[path])
    assert main(["convert", "copy", str(bert), "--without", "head", "--out", str(tmp_path / "none")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_graft_is_read_from_its_folder(tmp_path, bert):
    start = read_weights(str(bert))
    changed = {path: array + 1 for path, array in start.arrays.items()}
    (tmp_path / "other").mkdir()
    write_weights(tmp_path / "other", dataclasses.replace(start, arrays=changed))
    both = grafted(start, [f"{tmp_path / 'other'}:masked_head", f"{tmp_path / 'other'}:pooler/dense/bias"])
    for path, array in both.arrays.items():
        moved = path.startswith("masked_head/") or path == "pooler/dense/bias"
        np.testing.assert_array_equal(array, (changed if moved else start.arrays)[path])


def test_rows_of_other_tokens_are_not_mixed(tmp_path, bert):
    pieces = (*PIECES[:-1], "!")
    other = write_bert_folder(tmp_path / "other", bert_state(pieces=pieces, masked_head=True), pieces=pieces)
    assert load_tokenizer(other).vocabulary().size == len(PIECES)
    with pytest.raises(UserError, match=r"its token 68 is '!', but for the corpora it is '\?'"):
        grafted(read_weights(str(bert)), [f"{other}:masked_head"])
    moved = grafted(read_weights(str(bert)), [f"{other}:pooler"])  # has no rows
    assert moved.source == f"{bert} with pooler of {other}"


@pytest.mark.parametrize("graft", ["runs/other", ":head", "runs/other:", "gs://bucket/run"])
def test_what_is_not_a_graft_is_one_sentence(graft):
    with pytest.raises(UserError, match="expected DIR:MODULE, such as runs/other:pooler"):
        grafted(weights("a", 0), [graft])
    with pytest.raises(UserError, match="needs --init"):
        require_init(None, [graft])
