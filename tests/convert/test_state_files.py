"""Files of weights: what is read, and what is refused in one sentence and without running anything."""

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from space_jax.convert.state_files import read_state, write_state
from space_jax.errors import UserError

STATE = {"a.weight": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.ones(2, np.float32)}


def assert_refused(path: Path, match: str) -> None:
    with pytest.raises(UserError, match=match) as caught:
        read_state(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


def assert_same(state):
    assert set(state) == set(STATE)
    for key, array in STATE.items():
        np.testing.assert_array_equal(state[key], array)


def test_safetensors_there_and_back(tmp_path):
    write_state(tmp_path / "x.safetensors", STATE)
    assert_same(read_state(tmp_path / "x.safetensors"))
    assert [path.name for path in tmp_path.iterdir()] == ["x.safetensors"]


def test_the_prefix_of_data_parallel_training_is_taken_off(tmp_path):
    save_file({f"module.{key}": array for key, array in STATE.items()}, tmp_path / "x.safetensors")
    assert_same(read_state(tmp_path / "x.safetensors"))


def test_a_folder_with_weights_in_parts(tmp_path):
    for key, name in (("a.weight", "one.safetensors"), ("b", "two.safetensors")):
        save_file({key: STATE[key]}, tmp_path / name)
    index = tmp_path / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"a.weight": "one.safetensors", "b": "two.safetensors"}}))
    assert_same(read_state(tmp_path))
    index.write_text(json.dumps({"weight_map": {"b": "../two.safetensors"}}))
    assert_refused(index, "must name files in the same folder")
    index.write_text("{}")
    assert_refused(index, "weight_map")


@pytest.mark.parametrize("content", [b"", b"hello", b"\xff" * 64])
def test_what_is_no_safetensors_file(tmp_path, content):
    path = tmp_path / "x.safetensors"
    path.write_bytes(content)
    assert_refused(path, "not a whole safetensors file")


def test_a_truncated_safetensors_file(tmp_path):
    path = tmp_path / "x.safetensors"
    save_file(STATE, path)
    for size in range(0, path.stat().st_size - 1, 17):
        cut = tmp_path / "cut.safetensors"
        cut.write_bytes(path.read_bytes()[:size])
        assert_refused(cut, "not a whole safetensors file")


def test_nothing_there(tmp_path):
    assert_refused(tmp_path / "x.model", "no such file")
    assert_refused(tmp_path, r"has none of model\.safetensors")
    save_file({}, tmp_path / "empty.safetensors")
    assert_refused(tmp_path / "empty.safetensors", "holds no arrays")


class Evil:
    """Writes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_a_pickle_is_not_run(tmp_path):
    torch = pytest.importorskip("torch", reason="reads PyTorch files")
    touched = tmp_path / "touched"
    (tmp_path / "plain.model").write_bytes(pickle.dumps({"a": Evil(touched)}))
    torch.save({"a": Evil(touched)}, tmp_path / "torch.model")
    for name in ("plain.model", "torch.model"):
        assert_refused(tmp_path / name, "not a PyTorch file of arrays alone")
    assert not touched.exists()
    pickle.loads((tmp_path / "plain.model").read_bytes())
    assert touched.exists()  # the pickle was a live one


def test_pytorch_files(tmp_path):
    torch = pytest.importorskip("torch", reason="reads PyTorch files")
    write_state(tmp_path / "x.model", STATE)
    assert_same(read_state(tmp_path / "x.model"))
    torch.save(
        {key: torch.tensor(array, dtype=torch.bfloat16, requires_grad=True) for key, array in STATE.items()},
        tmp_path / "old.bin",
        _use_new_zipfile_serialization=False,
    )
    assert_same(read_state(tmp_path / "old.bin"))
    whole = (tmp_path / "x.model").read_bytes()
    for size in (0, 10, len(whole) // 2, len(whole) - 30):
        (tmp_path / "cut.model").write_bytes(whole[:size])
        assert_refused(tmp_path / "cut.model", "not a PyTorch file")
    torch.save([torch.ones(1)], tmp_path / "list.model")
    assert_refused(tmp_path / "list.model", "not a state_dict, which maps keys to arrays and to nothing else")


def test_arrays_of_another_kind_are_refused(tmp_path):
    torch = pytest.importorskip("torch", reason="reads PyTorch files")
    for odd in (torch.ones(2, 2).to_sparse(), torch.ones(2, dtype=torch.complex64), torch.ones(2, device="meta")):
        torch.save({"a": odd}, tmp_path / "odd.model")
        assert_refused(tmp_path / "odd.model", "holds an array of a kind that is not read here")


def test_a_folder_with_pytorch_weights_in_parts(tmp_path):
    pytest.importorskip("torch", reason="reads PyTorch files")
    for key, name in (("a.weight", "one.bin"), ("b", "two.bin")):
        write_state(tmp_path / name, {key: STATE[key]})
    index = {"weight_map": {"a.weight": "one.bin", "b": "two.bin"}}
    (tmp_path / "pytorch_model.bin.index.json").write_text(json.dumps(index))
    assert_same(read_state(tmp_path))


def test_what_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "x.safetensors").mkdir()
    with pytest.raises(UserError, match="exists already"):
        write_state(tmp_path / "x.safetensors", STATE)
    with pytest.raises(UserError, match="cannot be written"):
        write_state(tmp_path / "file" / "x.safetensors", STATE)
    assert {path.name for path in tmp_path.iterdir()} == {"file", "x.safetensors"}


def test_without_pytorch_its_files_say_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    (tmp_path / "x.model").write_bytes(b"anything")
    assert_refused(tmp_path / "x.model", r"pip install 'space-jax\[torch\]'")
    with pytest.raises(UserError, match="pip install"):
        write_state(tmp_path / "y.model", STATE)
    assert [path.name for path in tmp_path.iterdir()] == ["x.model"]
