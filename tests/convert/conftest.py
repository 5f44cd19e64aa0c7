"""What the tests of conversion share: the recorded files, and a small model in BERT's layout."""

import functools
import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from space_jax.convert.recorded import Recording

REFERENCE = Path(__file__).parent / "reference"

HIDDEN, HEADS, LAYERS, FEED_FORWARD, POSITIONS, ROLES = 8, 2, 2, 16, 12, 2
PIECES = ("[PAD]", *(f"[unused{n}]" for n in range(60)), "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "hotel", "##s", "?")


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


def bert_state(masked_head: bool = False) -> dict[str, np.ndarray]:
    """Random weights under the keys of a Hugging Face BERT."""
    rng = np.random.default_rng(0)

    def draw(*shape: int) -> np.ndarray:
        return rng.normal(size=shape).astype(np.float32)

    def affine(key: str, out: int, inner: int) -> dict[str, np.ndarray]:
        return {f"{key}.weight": draw(out, inner), f"{key}.bias": draw(out)}

    def norm(key: str) -> dict[str, np.ndarray]:
        return {f"{key}.weight": draw(HIDDEN), f"{key}.bias": draw(HIDDEN)}

    state = {
        "embeddings.word_embeddings.weight": draw(len(PIECES), HIDDEN),
        "embeddings.position_embeddings.weight": draw(POSITIONS, HIDDEN),
        "embeddings.token_type_embeddings.weight": draw(ROLES, HIDDEN),
        **norm("embeddings.LayerNorm"),
        **affine("pooler.dense", HIDDEN, HIDDEN),
    }
    for layer in range(LAYERS):
        key = f"encoder.layer.{layer}"
        for part in ("query", "key", "value"):
            state |= affine(f"{key}.attention.self.{part}", HIDDEN, HIDDEN)
        state |= affine(f"{key}.attention.output.dense", HIDDEN, HIDDEN) | norm(f"{key}.attention.output.LayerNorm")
        state |= affine(f"{key}.intermediate.dense", FEED_FORWARD, HIDDEN) | norm(f"{key}.output.LayerNorm")
        state |= affine(f"{key}.output.dense", HIDDEN, FEED_FORWARD)
    if masked_head:
        state = {f"bert.{name}": array for name, array in state.items()}
        state |= affine("cls.predictions.transform.dense", HIDDEN, HIDDEN)
        state |= norm("cls.predictions.transform.LayerNorm") | {"cls.predictions.bias": draw(len(PIECES))}
    return state


def write_bert_folder(folder: Path, state: dict[str, np.ndarray], **fields) -> Path:
    """A Hugging Face folder with these weights."""
    folder.mkdir(parents=True)
    save_file(state, folder / "model.safetensors")
    config = {
        "model_type": "bert",
        "hidden_act": "gelu",
        "hidden_size": HIDDEN,
        "intermediate_size": FEED_FORWARD,
        "layer_norm_eps": 1e-12,
        "max_position_embeddings": POSITIONS,
        "num_attention_heads": HEADS,
        "num_hidden_layers": LAYERS,
        "type_vocab_size": ROLES,
        "vocab_size": len(PIECES),
    }
    (folder / "config.json").write_text(json.dumps(config | fields))
    (folder / "vocab.txt").write_text("".join(f"{piece}\n" for piece in PIECES))
    return folder


@pytest.fixture
def bert_folder(tmp_path) -> Path:
    return write_bert_folder(tmp_path / "bert", bert_state())
