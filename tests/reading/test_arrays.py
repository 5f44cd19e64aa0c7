"""NumPy's files: damage of every kind is one sentence, and objects are never read."""

import zipfile

import numpy as np
import pytest

from space_jax.errors import UserError
from space_jax.reading.arrays import read_array, read_arrays


@pytest.fixture
def array(tmp_path):
    np.save(tmp_path / "a.npy", np.arange(12).reshape(3, 4))
    return tmp_path / "a.npy"


@pytest.fixture
def arrays(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", x=np.arange(200), y=np.zeros((2, 0)))
    return tmp_path / "a.npz"


def test_arrays_come_back(array, arrays):
    assert read_array(array).tolist() == read_array(array, mapped=True).tolist() == np.arange(12).reshape(3, 4).tolist()
    assert {name: one.shape for name, one in read_arrays(arrays).items()} == {"x": (200,), "y": (2, 0)}


def test_every_cut_and_flip_is_an_array_or_a_sentence(array, arrays):
    rng = np.random.default_rng(0)
    for path, read in ((array, read_array), (arrays, read_arrays)):
        whole = path.read_bytes()
        refused = 0
        for _ in range(150):
            content = bytearray(whole[: rng.integers(len(whole) + 1)] if rng.random() < 0.5 else whole)
            for place in rng.integers(max(len(content), 1), size=3):
                if place < len(content):
                    content[place] ^= 1 << rng.integers(8)
            path.write_bytes(bytes(content))
            try:
                read(path)
            except UserError:
                refused += 1
        assert refused > 30


def test_objects_and_other_archives(tmp_path):
    np.save(tmp_path / "a.npy", np.array([{}], object), allow_pickle=True)
    with pytest.raises(UserError, match=r"a\.npy: expected an array of NumPy, found it damaged .*allow_pickle"):
        read_array(tmp_path / "a.npy")
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("x.npy", b"no array")
        archive.writestr("y.txt", b"text")
    with pytest.raises(UserError, match=r"a\.npz: not a whole \.npz file of arrays"):
        read_arrays(tmp_path / "a.npz")
    with pytest.raises(UserError, match="no such file"):
        read_arrays(tmp_path / "none.npz")
