"""Ours against recorded numbers: activations, losses with and without labels, gradients, responses.

The small files beside this test were computed by the independent PyTorch code in `reference`; those of the shared
folder were recorded from the published implementation.
"""

import functools
import json

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from space_jax.cli import main
from space_jax.convert.activations import compute
from space_jax.convert.check import check, compare, recorded_responses, require_equal
from space_jax.convert.recording import Recording
from space_jax.errors import UserError
from tests.convert.conftest import recorded_files

RECIPES = ("space1", "space2", "space3")
TOLERANCE = 1e-4
GENERATION = "space3_small_generation.npz"


@pytest.fixture(scope="module")
def results(reference):
    """Recipe -> recorded arrays and what ours compute, each computed once."""

    @functools.cache
    def of(recipe):
        weights, inputs, outputs, spec = recorded_files(recipe)
        recorded = dict(np.load(outputs))
        if recipe == "space3":
            recorded |= dict(np.load(reference / GENERATION))
        return recorded, compute(Recording(weights, inputs, spec), recorded)

    return of


@pytest.mark.parametrize("recipe", RECIPES)
def test_ours_equal_the_independent_reference(results, recipe):
    differences = compare(*results(recipe))
    require_equal(differences, TOLERANCE)
    names = {difference.name for difference in differences}
    if recipe != "space1":
        assert {f"grad:{key}" for key in load_file(recorded_files(recipe)[0])} <= names
        assert {"metric_label_loss", "metric_nolabel_loss", "mlm_probs"} <= names
    if recipe == "space3":
        assert {"beam1_plain_tokens", "beam3_prompted_scores", "policy", "qbow_probs"} <= names


@pytest.mark.parametrize("recipe", RECIPES)
def test_ours_equal_the_published_implementation(shared_data, recipe):
    pytest.importorskip("torch", reason="the recorded weights are PyTorch files; install torch to read them")
    files = [
        shared_data / "parity" / f"{recipe}_tiny{end}" for end in (".model", "_inputs.npz", "_outputs.npz", ".json")
    ]
    generation = shared_data / "parity" / "space3_tiny_generation.npz" if recipe == "space3" else None
    require_equal(check(*files, generation), TOLERANCE)


def test_a_wrong_weight_is_found(tmp_path):
    """The check can fail: one changed number shows in everything behind it, and in nothing else."""
    weights, inputs, outputs, spec = recorded_files("space1")
    state = load_file(weights)
    state["layers.0.ff.linear_out.bias"][0] += 0.1
    save_file(state, tmp_path / "wrong.safetensors")
    wrong = {one.name for one in check(tmp_path / "wrong.safetensors", inputs, outputs, spec) if not one.within(1e-4)}
    assert {"joint_act_logits", "dec_probs"} <= wrong
    assert not {"gates_p", "kl_plain", "kl_gated"} & wrong


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("grad:pooler.0.weight", lambda array: array * 1.001),
        ("metric_nolabel_qcon", lambda array: array + 3e-4),
        ("metric_label_token_num", lambda array: array + 1),
        ("beam1_plain_tokens", lambda array: np.where(array == array[0, 1], array + 1, array)),
        ("beam1_plain_scores", lambda array: array + 2e-3),
        ("policy", lambda array: array * np.nan),
        ("dec_probs", lambda array: array[:, 1:]),
    ],
)
def test_a_small_difference_of_any_kind_is_found(results, name, change):
    recorded, computed = results("space3")
    differences = compare(recorded | {name: change(recorded[name])}, computed)
    assert [one.name for one in differences if not one.within(TOLERANCE)] == [name]


def changed(tmp_path, recipe, **arrays):
    outputs = tmp_path / "outputs.npz"
    np.savez(outputs, **(dict(np.load(recorded_files(recipe)[2])) | arrays))
    return outputs


def test_what_is_not_computed_or_has_another_shape_differs(tmp_path):
    weights, inputs, outputs, spec = recorded_files("space1")
    gates = np.load(outputs)["gates_p"]
    outputs = changed(tmp_path, "space1", surprise=np.ones(2, np.float32), gates_p=gates[:2])
    with pytest.raises(UserError, match=r"2 of 8 arrays differ by more than 0\.0001: gates_p, surprise"):
        require_equal(check(weights, inputs, outputs, spec), TOLERANCE)


def test_the_command(tmp_path, capsys):
    weights, inputs, outputs, spec = map(str, recorded_files("space1"))
    files = ["--official", weights, "--inputs", inputs, "--spec", spec]
    assert main(["convert", "check", *files, "--outputs", outputs]) == 0
    printed = capsys.readouterr().out
    assert "joint_act_logits" in printed
    assert "all 7 arrays are within 0.0001" in printed
    wrong = changed(tmp_path, "space1", kl_plain=np.float32(3.0))
    assert main(["convert", "check", *files, "--outputs", str(wrong)]) == 2
    captured = capsys.readouterr()
    assert "differs" in captured.out
    assert captured.err == "space-jax: check: 1 of 7 arrays differ by more than 0.0001: kl_plain\n"


def test_recorded_responses_beside_the_outputs_are_found(tmp_path, reference):
    outputs = recorded_files("space3")[2]
    assert recorded_responses(outputs) == reference / GENERATION
    assert recorded_responses(recorded_files("space1")[2]) is None
    assert recorded_responses(tmp_path / "x.npz") is None


def test_files_that_are_not_right_are_one_sentence(tmp_path, capsys):
    weights, inputs, outputs, spec = recorded_files("space3")
    junk = tmp_path / "junk.npz"
    junk.write_bytes(inputs.read_bytes()[:500])
    pickled = tmp_path / "pickled.npz"
    np.savez(pickled, src_token=np.array([{}], object))
    few = tmp_path / "few.npz"
    np.savez(few, src_token=np.zeros((2, 3), np.int64))
    short = tmp_path / "short.json"
    short.write_text(json.dumps(json.loads(spec.read_text()) | {"frames": [{}]}))
    odd = tmp_path / "odd.json"
    odd.write_text(json.dumps(json.loads(spec.read_text()) | {"frames": [{"hotel": ["inform"]}] * 5}))
    single = tmp_path / "single.npy"
    np.save(single, np.zeros(2))
    arrays = dict(np.load(inputs))
    high, narrow = tmp_path / "high.npz", tmp_path / "narrow.npz"
    np.savez(high, **arrays | {"src_token": arrays["src_token"] + 60})
    np.savez(narrow, **arrays | {"tgt_pos": arrays["tgt_pos"][:, :2]})
    heads, ids = tmp_path / "heads.json", tmp_path / "ids.json"
    said = json.loads(spec.read_text())
    heads.write_text(json.dumps(said | {"config": {"heads": "six"}}))
    ids.write_text(json.dumps(said | {"ids": [1, 2]}))
    for changed, match in (
        ({"inputs": junk}, "not a whole .npz file"),
        ({"inputs": pickled}, "not a whole .npz file of arrays"),
        ({"inputs": tmp_path / "none.npz"}, "no such file"),
        ({"inputs": few}, "lacks the arrays src_pos, src_type"),
        ({"inputs": single}, "not a whole .npz file"),
        ({"inputs": high}, "src_token must lie between 0 and 67"),
        ({"inputs": narrow}, "tgt_pos is int64 (5, 2), but must be whole numbers (5, 8)"),
        ({"spec": heads}, "field config.heads is 'six'"),
        ({"spec": ids}, "field ids: expected dict, found list"),
        ({"outputs": junk}, "not a whole .npz file"),
        ({"spec": outputs}, "expected JSON, found it damaged"),
        ({"spec": tmp_path / "none.json"}, "none.json: no such file"),
        ({"spec": short}, "frames has 1 turns, but the batch has 5 examples"),
        ({"spec": odd}, "but must have {domain:"),
        ({"official": inputs.with_name("none.safetensors")}, "no such file"),
    ):
        files = {"official": weights, "inputs": inputs, "outputs": outputs, "spec": spec} | changed
        assert main(["convert", "check", *(part for k, v in files.items() for part in (f"--{k}", str(v)))]) == 2
        said = capsys.readouterr().err
        assert match in said
        assert said.count("\n") == 1
