"""Recordings of SPACE's neighbours: every array within its tolerance, at the recorded sizes and at others."""

import json
from pathlib import Path

import numpy as np
import pytest

from space_jax.cli import main
from space_jax.convert.check import Difference, check
from space_jax.errors import UserError
from tests.convert.reference import star, structbert

TOLERANCES = {"grad:": 1e-5, "loss_": 2e-6, "token_losses": 2e-6, "adv_loss": 2e-6, "": 5e-6}
"""By the beginning of the array's name: gradients relative to their largest, losses relative, activations absolute."""

ENDS = ("_weights.npz", "_inputs.npz", "_outputs.npz", ".json")


def require_close(differences: tuple[Difference, ...]) -> None:
    for one in differences:
        tolerance = next(value for start, value in TOLERANCES.items() if one.name.startswith(start))
        assert one.within(tolerance), one


@pytest.fixture(scope="module")
def shared_files(shared_data):
    folder = shared_data / "parity" / "family"
    if not folder.is_dir():
        pytest.skip(f"no recorded numbers at {folder}")
    return lambda name: [folder / f"{name}{end}" for end in ENDS]


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> list[Path]:
    """Numbers of other sizes and ids, computed by the independent reference."""
    pytest.importorskip("torch", reason="the reference is written in PyTorch, which is not installed")
    folder = tmp_path_factory.mktemp("family")
    structbert.record(folder / "structbert")
    return [folder / f"structbert{end}" for end in ENDS]


def test_structbert_equals_the_published_implementation(shared_files):
    files = shared_files("structbert_tiny")
    differences = check(*files)
    assert {one.name for one in differences} == set(np.load(files[2]).files)
    require_close(differences)


def test_star_equals_the_published_implementation(shared_files):
    files = shared_files("star_tiny")
    differences = check(*files)
    assert {one.name for one in differences} == set(np.load(files[2]).files)
    require_close(differences)


def test_structbert_of_other_sizes_equals_the_reference(small):
    differences = check(*small)
    assert len(differences) > 15
    require_close(differences)


def test_star_of_other_sizes_equals_the_reference(tmp_path):
    for module in ("torch", "transformers"):
        pytest.importorskip(module, reason=f"the reference is written with {module}, which is not installed")
    star.record(tmp_path / "star")
    files = [tmp_path / f"star{end}" for end in ENDS]
    differences = check(*files)
    assert {one.name for one in differences} == set(np.load(files[2]).files)
    assert len(differences) > 50
    require_close(differences)
    lengths = dict(np.load(files[1]))
    lengths["column_lengths"] = lengths["column_lengths"] + 1
    np.savez(tmp_path / "inputs.npz", **lengths)
    with pytest.raises(UserError, match="column_lengths must add up to the tokens of column_mask"):
        check(files[0], tmp_path / "inputs.npz", *files[2:])


def changed(tmp_path, files, **spec):
    """The files with other fields in the JSON."""
    path = tmp_path / "changed.json"
    path.write_text(json.dumps(json.loads(files[3].read_text()) | spec))
    return [*files[:3], path]


def test_a_wrong_number_is_found(small, tmp_path):
    recorded = dict(np.load(small[2]))
    there = np.load(small[1])["attention_mask"][..., None] > 0
    recorded["hidden_0"] = recorded["hidden_0"] + 1e-4 * there
    recorded["loss_order"] = recorded["loss_order"] * (1 + 1e-4)
    np.savez(tmp_path / "outputs.npz", **recorded)
    wrong = {one.name for one in check(small[0], small[1], tmp_path / "outputs.npz", small[3]) if not one.within(2e-5)}
    assert wrong == {"hidden_0", "loss_order"}


def test_what_stands_at_padding_means_nothing(small, tmp_path):
    recorded = dict(np.load(small[2]))
    recorded["hidden_1"] = np.where(np.load(small[1])["attention_mask"][..., None] > 0, recorded["hidden_1"], 7.0)
    np.savez(tmp_path / "outputs.npz", **recorded)
    require_close(check(small[0], small[1], tmp_path / "outputs.npz", small[3]))


def test_the_command(small, capsys):
    given = [
        part
        for name, file in zip(("official", "inputs", "outputs", "spec"), small, strict=True)
        for part in (f"--{name}", str(file))
    ]
    assert main(["convert", "check", *given, "--tolerance", "1e-5"]) == 0
    assert "arrays are within 1e-05" in capsys.readouterr().out


def test_what_cannot_be_compared_is_one_sentence(small, tmp_path):
    for spec, message in (
        ({"system": "mPLUG"}, "field system is 'mPLUG', but must be one of StructBERT, STAR"),
        ({"activation": "relu"}, "field activation must be 'gelu"),
        ({"sizes": {"heads": "four"}}, "field sizes.heads is 'four', but must be a number"),
        ({"layer_norm_epsilon": None}, "field layer_norm_epsilon is None, but must be a number"),
    ):
        with pytest.raises(UserError, match=message):
            check(*changed(tmp_path, small, **spec))
    few = tmp_path / "few.npz"
    np.savez(few, input_ids=np.zeros((2, 3), np.int64))
    with pytest.raises(UserError, match="--inputs: lacks the arrays attention_mask, token_type_ids"):
        check(small[0], few, small[2], small[3])
