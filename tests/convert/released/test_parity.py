"""Ours against numbers recorded from the published code of PALM and VECO: every array, every loss, every gradient."""

import json

import numpy as np
import pytest

from space_jax.cli import main
from space_jax.convert.check import RELEASED_TOLERANCE, check, require_equal
from space_jax.convert.released.files import backbone_of, read_released
from space_jax.convert.released.recording import ReleasedRecording
from space_jax.convert.state_files import read_state
from space_jax.errors import UserError
from tests.convert.released.recorded import NAMES, files, with_other_ids
from tests.convert.test_bert import hidden_states

LEAST = {"palm_tiny": 25, "palm_post_tiny": 24, "palm_copy_tiny": 25, "veco_tiny": 26}
"""Arrays of each recording."""


@pytest.fixture
def rng():
    return np.random.default_rng(11)


@pytest.mark.parametrize("name", NAMES)
def test_ours_equal_the_published_code(shared_data, name):
    differences = check(**files(shared_data, name))
    assert len(differences) == LEAST[name]
    assert {one.measure for one in differences if one.name.startswith(("grad:", "loss_"))} == {"relative"}
    require_equal(differences, RELEASED_TOLERANCE)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_ids_are_those_of_the_specification(shared_data, tmp_path, rng, name):
    require_equal(check(**with_other_ids(files(shared_data, name), tmp_path, rng)), RELEASED_TOLERANCE)


def test_the_command_and_a_wrong_weight(shared_data, tmp_path, capsys):
    given = files(shared_data, "palm_post_tiny")
    weights = dict(np.load(given["official"]))
    weights["decoder.decoder.layer.0.cross_attention.query.bias"][0] += 0.1
    np.savez(tmp_path / "wrong.npz", **weights)
    given["official"] = tmp_path / "wrong.npz"
    assert main(["convert", "check", *(part for k, v in given.items() for part in (f"--{k}", str(v)))]) == 2
    said = capsys.readouterr().err
    assert "arrays differ by more than 5e-06: decoder_hidden_0, decoder_logits" in said
    assert "encoder_" not in said


@pytest.mark.parametrize("name", ["palm_post_tiny", "palm_copy_tiny"])
def test_an_encoder_with_our_layers_starts_our_backbone(shared_data, name):
    given = files(shared_data, name)
    state, inputs = read_state(given["official"]), np.load(given["inputs"])
    recording = ReleasedRecording(state, given["official"], given["inputs"], given["spec"])
    weights = backbone_of(recording.released)
    ids, mask = (
        inputs[key] for key in (("input_ids", "attention_mask"), ("source_ids", "source_mask"))[name == NAMES[2]]
    )
    if name == "palm_post_tiny":  # whose types our roles are; the helper knows role 0 alone
        ids, mask = ids[:, :1], mask[:, :1]
        expected = None
    else:
        expected = np.load(given["outputs"])[f"encoder_hidden_{weights.model.layers - 1}"]
        weights.arrays["backbone/embedding/role"] = np.repeat(weights.arrays["backbone/embedding/role"], 2, axis=0)
    ours = hidden_states(weights, ids, mask.astype(np.int32))
    if expected is None:
        module, params = recording.released.module, recording.released.params
        read = module.apply({"params": params}, ids, np.zeros_like(ids), mask > 0, method="encode")
        expected = read.layers.output
    np.testing.assert_allclose(ours * mask[..., None], expected * mask[..., None], atol=5e-6)


@pytest.mark.parametrize(("name", "reason"), [("palm_tiny", "LayerNorm before each sublayer"), ("veco_tiny", "root")])
def test_an_encoder_that_computes_something_else_is_refused(shared_data, name, reason):
    released = ReleasedRecording(
        read_state(files(shared_data, name)["official"]),
        *(files(shared_data, name)[option] for option in ("official", "inputs", "spec")),
    ).released
    with pytest.raises(UserError, match=reason):
        backbone_of(released)


def test_the_last_layer_norm_is_applied_twice(shared_data):
    outputs = np.load(files(shared_data, "palm_tiny")["outputs"])
    once, twice = outputs["encoder_hidden_1"], outputs["encoder_output"]
    assert np.abs(once - twice).max() > 1e-2


def test_weights_there_and_back_are_the_same_bit_for_bit(shared_data):
    for name in NAMES:
        given = files(shared_data, name)
        state = read_state(given["official"])
        released = ReleasedRecording(state, *(given[option] for option in ("official", "inputs", "spec"))).released
        back = released.published(released.arrays)
        assert back.keys() | set(released.unused) == state.keys()
        for key, array in back.items():
            np.testing.assert_array_equal(array, state[key], err_msg=key)


def test_files_that_are_not_right_are_one_sentence(shared_data, tmp_path):
    given = files(shared_data, "veco_tiny")
    state, spec = dict(np.load(given["official"])), json.loads(given["spec"].read_text())

    def refused(match, changed=None, **others):
        arrays = state | (changed or {})
        path = tmp_path / "changed.npz"
        np.savez(path, **{key: array for key, array in arrays.items() if array is not None})
        with pytest.raises(UserError, match=match):
            check(**(given | {"official": path} | others))

    refused("1 missing: decoder.layers.1.fc2.bias", {"decoder.layers.1.fc2.bias": None})
    refused(
        "differs from encoder.embed_tokens.weight",
        {"decoder.embed_tokens.weight": state["encoder.embed_tokens.weight"] + 1},
    )
    refused("5 attention heads do not divide", spec=_written(tmp_path, spec | {"sizes": {"heads": 5}}))
    refused("field ids.pad is 'x'", spec=_written(tmp_path, spec | {"ids": {"pad": "x"}}))
    refused("field layer_norm_epsilon is 2", spec=_written(tmp_path, spec | {"layer_norm_epsilon": 2}))
    refused("lacks the arrays x_ids", inputs=given["outputs"])
    with pytest.raises(UserError, match="has none of the keys of the released encoder-decoders"):
        read_released(given["inputs"])


def _written(folder, spec):
    path = folder / "spec.json"
    path.write_text(json.dumps(spec))
    return path


def test_a_file_of_its_own_training_holds_settings_beside_its_model(shared_data, tmp_path):
    torch = pytest.importorskip("torch", reason="pip install 'space-jax[torch]'")
    import argparse

    state = {
        key: torch.from_numpy(array) for key, array in np.load(files(shared_data, "palm_copy_tiny")["official"]).items()
    }
    state["generator.gen_proj.weight"] = state["decoder.embeddings.weight"]
    state["decoder.transformer_layers.0.mask"] = torch.ones((1, 9, 9), dtype=torch.uint8)
    torch.save({"model": state, "opt": argparse.Namespace(dec_layers=2)}, tmp_path / "model.pt")
    assert (
        main(["convert", "from-released", str(tmp_path / "model.pt"), "--heads", "4", "--out", str(tmp_path / "out")])
        == 0
    )
    assert (tmp_path / "out" / "weights.safetensors").is_file()
