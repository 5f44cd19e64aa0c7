"""What the tests of conversion share: the recorded files, and a small model in BERT's layout."""

import functools
from pathlib import Path

import pytest
from safetensors.numpy import load_file

from space_jax.convert.recording import Recording
from tests.convert.bert_folder import bert_state, write_bert_folder

REFERENCE = Path(__file__).parent / "reference"


@pytest.fixture(scope="session")
def reference() -> Path:
    return REFERENCE


@pytest.fixture
def published():
    """Reads the `state_dict` of a recorded model."""
    return lambda recipe: load_file(REFERENCE / f"{recipe}_small.safetensors")


@pytest.fixture(scope="session")
def recording():
    """Reads a recorded model with its batch."""

    @functools.cache
    def read(recipe: str) -> Recording:
        weights, *others = recorded_files(recipe)
        return Recording(weights, others[0], others[2])

    return read


def recorded_files(recipe: str) -> list[Path]:
    """Weights, inputs, outputs and specification."""
    ends = (".safetensors", "_inputs.npz", "_outputs.npz", ".json")
    return [REFERENCE / f"{recipe}_small{end}" for end in ends]


@pytest.fixture
def bert_folder(tmp_path) -> Path:
    return write_bert_folder(tmp_path / "bert", bert_state())
