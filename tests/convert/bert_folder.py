"""A small random model in the layout of Hugging Face's BERT, as files."""

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

HIDDEN, HEADS, LAYERS, FEED_FORWARD, POSITIONS, ROLES = 8, 2, 2, 16, 12, 2
PIECES = ("[PAD]", *(f"[unused{n}]" for n in range(60)), "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "hotel", "##s", "?")


def bert_state(
    pieces=PIECES,
    masked_head: bool = False,
    hidden: int = HIDDEN,
    layers: int = LAYERS,
    mlp: int = FEED_FORWARD,
    positions: int = POSITIONS,
    roles: int = ROLES,
) -> dict[str, np.ndarray]:
    """Random weights under the keys of a Hugging Face BERT."""
    rng = np.random.default_rng(0)

    def draw(*shape: int) -> np.ndarray:
        return rng.normal(size=shape).astype(np.float32)

    def affine(key: str, out: int, inner: int) -> dict[str, np.ndarray]:
        return {f"{key}.weight": draw(out, inner), f"{key}.bias": draw(out)}

    def norm(key: str) -> dict[str, np.ndarray]:
        return {f"{key}.weight": draw(hidden), f"{key}.bias": draw(hidden)}

    state = {
        "embeddings.word_embeddings.weight": draw(len(pieces), hidden),
        "embeddings.position_embeddings.weight": draw(positions, hidden),
        "embeddings.token_type_embeddings.weight": draw(roles, hidden),
        **norm("embeddings.LayerNorm"),
        **affine("pooler.dense", hidden, hidden),
    }
    for layer in range(layers):
        key = f"encoder.layer.{layer}"
        for part in ("query", "key", "value"):
            state |= affine(f"{key}.attention.self.{part}", hidden, hidden)
        state |= affine(f"{key}.attention.output.dense", hidden, hidden) | norm(f"{key}.attention.output.LayerNorm")
        state |= affine(f"{key}.intermediate.dense", mlp, hidden) | norm(f"{key}.output.LayerNorm")
        state |= affine(f"{key}.output.dense", hidden, mlp)
    if masked_head:
        state = {f"bert.{name}": array for name, array in state.items()}
        state |= affine("cls.predictions.transform.dense", hidden, hidden)
        state |= norm("cls.predictions.transform.LayerNorm") | {"cls.predictions.bias": draw(len(pieces))}
    return state


def write_bert_folder(folder: Path, state: dict[str, np.ndarray], pieces=PIECES, **fields) -> Path:
    """A Hugging Face folder with these weights; `fields` are set in its `config.json`."""
    folder.mkdir(parents=True)
    save_file(state, folder / "model.safetensors")
    plain = {
        key.removeprefix("module.").removeprefix("bert.").removeprefix("electra."): array.shape
        for key, array in state.items()
    }
    vocabulary, hidden = plain["embeddings.word_embeddings.weight"]
    config = {
        "model_type": "bert",
        "hidden_act": "gelu",
        "hidden_size": hidden,
        "intermediate_size": plain["encoder.layer.0.intermediate.dense.weight"][0],
        "layer_norm_eps": 1e-12,
        "max_position_embeddings": plain["embeddings.position_embeddings.weight"][0],
        "num_attention_heads": HEADS,
        "num_hidden_layers": LAYERS,
        "type_vocab_size": plain["embeddings.token_type_embeddings.weight"][0],
        "vocab_size": vocabulary,
    }
    (folder / "config.json").write_text(json.dumps(config | fields))
    (folder / "vocab.txt").write_text("".join(f"{piece}\n" for piece in pieces))
    return folder
