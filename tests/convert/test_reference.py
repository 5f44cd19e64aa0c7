"""The PyTorch reference gives the shared reference numbers, and the small recorded files are what it writes."""

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the reference is written in PyTorch, which is not installed")
safetensors = pytest.importorskip("safetensors.numpy", reason="the small weights are safetensors files")

from tests.convert.reference import losses, outputs, record, samples  # noqa: E402 - they import what may be absent

# The arrays are too small to share among threads, which only wait for each other on a busy machine.
torch.set_num_threads(1)

RECORDED = Path(record.__file__).parent
SHARED_BEAMS, SHARED_LIMIT = (1, 5), 12


def arrays_of(path: Path) -> dict[str, np.ndarray]:
    with np.load(path) as archive:
        return dict(archive)


def shared_model(shared_data: Path, number: int) -> tuple:
    start = shared_data / "parity" / f"space{number}_tiny"
    weights = torch.load(f"{start}.model", weights_only=True)
    texts = json.loads(Path(f"{start}.json").read_text(encoding="utf-8"))
    net = outputs.network({key: value.numpy() for key, value in weights.items()}, texts["config"]["heads"])
    batch = outputs.tensors(arrays_of(Path(f"{start}_inputs.npz")))
    return net, batch, texts, arrays_of(Path(f"{start}_outputs.npz"))


def assert_same(computed: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> None:
    """Same names, shapes and kinds; counts equal, numbers within 1e-5, gradients within 1e-4 of their largest."""
    assert set(computed) == set(expected)
    for name, values in expected.items():
        assert computed[name].shape == values.shape, name
        assert computed[name].dtype == values.dtype, name
        scale = 10 * np.abs(values).max() if name.startswith("grad:") else 1.0
        atol = 0 if values.dtype == np.int64 else 1e-5 * scale
        np.testing.assert_allclose(computed[name], values, rtol=0, atol=atol, err_msg=name)


def assert_same_search(computed: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> None:
    assert set(computed) == set(expected)
    for name, values in expected.items():
        atol = 1e-3 if name.endswith("scores") else 0
        np.testing.assert_allclose(computed[name], values, rtol=0, atol=atol, err_msg=name)


def test_space1_gives_the_shared_numbers(shared_data):
    net, batch, _, expected = shared_model(shared_data, 1)
    assert_same(outputs.space1_outputs(net, batch, expected), expected)


def test_space2_gives_the_shared_numbers(shared_data):
    net, batch, texts, expected = shared_model(shared_data, 2)
    assert_same(outputs.space2_outputs(net, batch, texts["frames"]), expected)


def test_space3_gives_the_shared_numbers(shared_data):
    net, batch, texts, expected = shared_model(shared_data, 3)
    assert_same(outputs.space3_outputs(net, batch, texts["frames"], texts["resp_frames"]), expected)


def test_the_search_gives_the_shared_responses(shared_data):
    net, batch, _, _ = shared_model(shared_data, 3)
    expected = arrays_of(shared_data / "parity" / "space3_tiny_generation.npz")
    assert_same_search(outputs.generation(net, batch, SHARED_BEAMS, SHARED_LIMIT), expected)


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("reference")
    record.record(folder)
    return folder


def test_the_recorded_files_are_what_the_recorder_writes(written):
    names = sorted(path.name for path in written.iterdir())
    assert names == sorted(path.name for path in RECORDED.glob("space*_small*"))
    for name in names:
        if name.endswith(".json"):
            assert (written / name).read_bytes() == (RECORDED / name).read_bytes()
        elif name.endswith(".safetensors"):
            assert_same(safetensors.load_file(written / name), safetensors.load_file(RECORDED / name))
        elif name.endswith("generation.npz"):
            assert_same_search(arrays_of(written / name), arrays_of(RECORDED / name))
        else:
            assert_same(arrays_of(written / name), arrays_of(RECORDED / name))


def test_the_recorded_files_are_small():
    assert sum(path.stat().st_size for path in RECORDED.glob("space*_small*")) < 400_000


def test_the_recorded_searches_differ():
    found = arrays_of(RECORDED / "space3_small_generation.npz")
    for size in record.BEAMS:
        assert (found[f"beam{size}_prompted_tokens"] != found[f"beam{size}_plain_tokens"]).any(1).all()
    scores = np.concatenate(
        [found[f"beam{size}_{name}_scores"] for size in record.BEAMS for name in ("prompted", "plain")]
    )
    assert 5 <= (scores > -1e9).sum() <= len(scores) - 5


def test_the_recorded_trees_tell_all_views_apart():
    scores = losses.view_scores(samples.FRAMES).numpy()
    assert len(np.unique(scores.reshape(len(losses.VIEWS), -1), axis=0)) == len(losses.VIEWS)
