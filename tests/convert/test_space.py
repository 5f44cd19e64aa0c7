"""Published SPACE files in and out, by the commands."""

import json

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from space_jax.cli import main
from space_jax.training.initial_weights import read_weights
from tests.convert.bert_folder import PIECES
from tests.convert.conftest import recorded_files

RECIPES = ("space1", "space2", "space3")


def run(*arguments) -> int:
    return main(["convert", *map(str, arguments)])


@pytest.mark.parametrize("recipe", RECIPES)
def test_there_and_back_is_the_same_bit_for_bit(tmp_path, published, recipe):
    source = recorded_files(recipe)[0]
    assert run("from-space", source, "--recipe", recipe, "--heads", 3, "--out", tmp_path / "ours") == 0
    assert run("to-space", tmp_path / "ours", "--out", tmp_path / "back.safetensors") == 0
    back = load_file(tmp_path / "back.safetensors")
    assert set(back) == set(published(recipe))
    for key, array in published(recipe).items():
        np.testing.assert_array_equal(back[key], array, err_msg=key)


def test_a_pytorch_file_there_and_back(tmp_path, shared_data):
    torch = pytest.importorskip("torch", reason="reads PyTorch files")
    source = shared_data / "parity" / "space1_tiny.model"
    assert run("from-space", source, "--recipe", "space1", "--heads", 6, "--out", tmp_path / "ours") == 0
    assert run("to-space", tmp_path / "ours", "--out", tmp_path / "back.model") == 0
    theirs, ours = (torch.load(path, weights_only=True) for path in (source, tmp_path / "back.model"))
    assert theirs.keys() == ours.keys()
    assert all(torch.equal(theirs[key], ours[key]) for key in theirs)


def test_sizes_come_from_the_file_and_the_vocabulary_is_kept(tmp_path, capsys):
    vocabulary = tmp_path / "vocab.txt"
    vocabulary.write_text("".join(f"{piece}\n" for piece in PIECES[:-2]))  # as many as the recorded model has
    source = recorded_files("space3")[0]
    arguments = ("from-space", source, "--recipe", "space3", "--heads", 3)
    assert run(*arguments, "--vocab", vocabulary, "--out", tmp_path / "ours") == 0
    weights = read_weights(str(tmp_path / "ours"))
    model = weights.model
    assert (model.layers, model.hidden, model.heads, model.mlp) == (2, 18, 3, 72)
    assert (model.positions, model.roles, model.turns, model.vocabulary.size) == (24, 2, 9, 67)
    assert weights.recipe == "space3"
    # The published order: [BOS] and [EOS] first, prompts last.
    assert [weights.tokenizer.id_of(name) for name in ("[BOS]", "[EOS]", "<go_r>")] == [1, 2, 3]
    vocabulary.write_text("".join(f"{piece}\n" for piece in PIECES))
    assert run(*arguments, "--vocab", vocabulary, "--out", tmp_path / "other") == 2
    assert "--vocab: has 69 tokens, but the token table" in capsys.readouterr().err


def test_the_wrong_recipe_lists_what_is_missing(tmp_path, capsys):
    source = recorded_files("space2")[0]
    assert run("from-space", source, "--recipe", "space1", "--heads", 3, "--out", tmp_path / "ours") == 2
    said = capsys.readouterr().err
    assert "3 missing: mask_embed, act_classifier.weight, act_classifier.bias" in said
    assert "subspace.projection.0.weight" in said
    assert list(tmp_path.iterdir()) == []


def test_heads_that_nothing_says(tmp_path, capsys):
    source = recorded_files("space2")[0]
    assert run("from-space", source, "--recipe", "space2", "--out", tmp_path / "ours") == 2
    assert "hidden size 18 is none of 768, 1024; give its attention heads with --heads N" in capsys.readouterr().err


def test_weights_of_no_recipe_have_no_space_layout(tmp_path, bert_folder, capsys):
    assert run("to-space", bert_folder, "--out", tmp_path / "x.safetensors") == 2
    assert "belongs to no recipe" in capsys.readouterr().err
    assert run("to-space", bert_folder, "--recipe", "space3", "--out", tmp_path / "x.safetensors") == 2
    assert "lacks backbone/embedding/turn" in capsys.readouterr().err
    assert not (tmp_path / "x.safetensors").exists()


def test_a_damaged_folder_of_weights(tmp_path, capsys):
    source = recorded_files("space3")[0]
    folder = tmp_path / "ours"
    assert run("from-space", source, "--recipe", "space3", "--heads", 3, "--out", folder) == 0
    description = folder / "weights.json"
    said = json.loads(description.read_text())
    winged = {**said, "model": {**said["model"], "wings": 2}}
    for wrong in ({**said, "format": 9}, {**said, "recipe": "space9"}, winged, {"format": 1}, 3):
        description.write_text(json.dumps(wrong))
        assert run("to-space", folder, "--out", tmp_path / "x.safetensors") == 2
        assert "not a description of converted weights of this version" in capsys.readouterr().err
    assert not (tmp_path / "x.safetensors").exists()


def test_every_action_has_help(capsys):
    for action in ("from-space", "from-bert", "to-bert", "to-space", "check"):
        with pytest.raises(SystemExit) as stopped:
            run(action, "--help")
        assert stopped.value.code == 0
        assert action in capsys.readouterr().out


def test_unused_keys_are_said(tmp_path, published, capsys):
    save_file(published("space3") | {"intent_classifier.bias": np.zeros(2, np.float32)}, tmp_path / "x.safetensors")
    out = tmp_path / "ours"
    assert run("from-space", tmp_path / "x.safetensors", "--recipe", "space3", "--heads", 3, "--out", out) == 0
    assert "not used: intent_classifier.bias" in capsys.readouterr().out
