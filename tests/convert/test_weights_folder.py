"""Converted weights are read back as they were written or not at all; those that no model can start from are named."""

import json
import re
import resource

import numpy as np
import pytest

from space_jax.cli import main
from space_jax.convert.bert import from_bert
from space_jax.convert.state_files import write_safetensors
from space_jax.convert.weights_folder import read_weights_folder, write_weights
from space_jax.errors import UserError
from space_jax.features.tokenizer import load_tokenizer
from tests.convert.bert_folder import PIECES, bert_state, write_bert_folder

QUERY = "encoder.layer.0.attention.self.query.weight"


@pytest.fixture
def ours(tmp_path, bert_folder):
    """A folder of converted weights: 2 layers x 8, 2 heads."""
    folder = tmp_path / "ours"
    folder.mkdir()
    write_weights(folder, from_bert(bert_folder))
    return folder


def change(folder, **model):
    said = json.loads((folder / "weights.json").read_text())
    said["model"] |= model
    (folder / "weights.json").write_text(json.dumps(said))


def test_what_was_written_is_read(ours, bert_folder):
    read, written = read_weights_folder(ours), from_bert(bert_folder)
    assert read.model == written.model
    assert read.arrays.keys() == written.arrays.keys()
    assert all((read.arrays[path] == array).all() for path, array in written.arrays.items())


@pytest.mark.parametrize(
    "sizes",
    [{"layers": 7}, {"hidden": 16}, {"heads": 4}, {"mlp": 7}, {"positions": 7}, {"vocabulary": 7}, {"roles": 3}],
)
def test_sizes_that_are_not_those_of_the_arrays_are_refused_and_nothing_is_written(ours, tmp_path, capsys, sizes):
    change(ours, **sizes)
    with pytest.raises(UserError, match=r"is [\d x]+, but by the sizes beside it must be [\d x]+; convert the weights"):
        read_weights_folder(ours)
    assert main(["convert", "to-bert", str(ours), "--out", str(tmp_path / "bert again")]) == 2
    assert "convert the weights again" in capsys.readouterr().err
    assert not (tmp_path / "bert again").exists()


@pytest.mark.parametrize("sizes", [{"layers": "x"}, {"hidden": 2.5}, {"layer_norm_epsilon": "x"}, {"mlp": None}])
def test_sizes_of_another_type_are_refused(ours, sizes):
    change(ours, **sizes)
    with pytest.raises(UserError, match=r"weights.json: not a description of converted weights"):
        read_weights_folder(ours)


def test_a_model_of_one_role_is_read_again(tmp_path):
    (tmp_path / "ours").mkdir()
    write_weights(tmp_path / "ours", from_bert(write_bert_folder(tmp_path / "bert one", bert_state(roles=1))))
    assert read_weights_folder(tmp_path / "ours").model.roles == 2


def test_a_tokenizer_of_another_size_is_refused(ours, tmp_path):
    (tmp_path / "vocab.txt").write_text("".join(f"{piece}\n" for piece in PIECES[:-2]))
    load_tokenizer(tmp_path / "vocab.txt").save(ours / "tokenizer")
    with pytest.raises(UserError, match=r"its tokenizer has 67 tokens, and its weights 69"):
        read_weights_folder(ours)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e300])
def test_a_number_that_is_not_finite_is_named_by_its_own_key(tmp_path, capsys, value):
    state = bert_state()
    state[QUERY] = state[QUERY].astype(np.float64 if abs(value) == 1e300 else np.float32)
    state[QUERY][0, 0] = value
    folder = write_bert_folder(tmp_path / "broken", state)
    assert main(["convert", "from-bert", str(folder), "--out", str(tmp_path / "out")]) == 2
    assert f"broken: {QUERY}: 1 of 64 numbers are NaN or infinite" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_whole_numbers_are_no_parameters(tmp_path):
    state = bert_state()
    state[QUERY] = state[QUERY].astype(np.int64)
    with pytest.raises(UserError, match=f"{QUERY} holds numbers of type int64, but parameters are real numbers"):
        from_bert(write_bert_folder(tmp_path / "broken", state))


def test_converted_weights_are_looked_at_again(ours):
    arrays = dict(read_weights_folder(ours).arrays)
    arrays["pooler/dense/bias"] = np.full(8, np.nan, np.float32)
    write_safetensors(ours / "weights.safetensors", arrays)
    with pytest.raises(UserError, match=r"weights.safetensors: pooler/dense/bias: 8 of 8 numbers are NaN or infinite"):
        read_weights_folder(ours)


def test_a_configuration_of_other_sizes_than_the_weights_is_refused(tmp_path):
    folder = write_bert_folder(tmp_path / "cut", bert_state(), num_hidden_layers=7)
    with pytest.raises(UserError, match=r"config.json: field num_hidden_layers is 7, but the weights have 2"):
        from_bert(folder)


def test_a_full_disk_leaves_nothing_and_is_one_sentence(bert_folder, tmp_path, capsys):
    """A limit on the size of files stands for it; the limit is below the arrays and above what pytest writes."""
    folder = write_bert_folder(tmp_path / "large", bert_state(hidden=256, mlp=512))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, before[1]))
    try:
        assert main(["convert", "from-bert", str(folder), "--out", str(tmp_path / "out")]) == 2
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    said = capsys.readouterr().err
    assert re.search(r"--out .*out: cannot be written \(.+\); nothing of it is left; make room, then try again", said)
    assert said.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bert", "large"]
