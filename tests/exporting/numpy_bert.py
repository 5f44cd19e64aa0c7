"""BERT's encoder (Devlin et al., 2019) written out in NumPy, for one text at a time."""

import math

import numpy as np


def affine(state, key, x):
    """The affine map of a key."""
    return x @ state[f"{key}.weight"].T + state[f"{key}.bias"]


def layer_norm(state, key, x):
    """The LayerNorm of a key, with BERT's epsilon."""
    centred = x - x.mean(axis=-1, keepdims=True)
    deviation = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + x.dtype.type(1e-12))
    return centred / deviation * state[f"{key}.weight"] + state[f"{key}.bias"]


def _gelu(x):
    return (x * 0.5 * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))).astype(x.dtype)


def _layer(state, key, x, heads):
    query, keys, values = (
        affine(state, f"{key}.attention.self.{part}", x).reshape(len(x), heads, -1).transpose(1, 0, 2)
        for part in ("query", "key", "value")
    )
    scores = query @ keys.transpose(0, 2, 1) / math.sqrt(query.shape[-1])
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    mixed = (weights / weights.sum(axis=-1, keepdims=True) @ values).transpose(1, 0, 2).reshape(x.shape)
    x = layer_norm(
        state, f"{key}.attention.output.LayerNorm", x + affine(state, f"{key}.attention.output.dense", mixed)
    )
    inner = _gelu(affine(state, f"{key}.intermediate.dense", x))
    return layer_norm(state, f"{key}.output.LayerNorm", x + affine(state, f"{key}.output.dense", inner))


def outputs(state, layers, heads, ids, prefix="", dtype=np.float32):
    """The outputs of the tokens of a text, all of type 0, `[L, H]`.

    Args:
      state: key -> array.
      layers: their number.
      heads: of attention.
      ids: of the tokens.
      prefix: of the keys.
      dtype: in which to compute.
    """
    state = {key: array.astype(dtype) for key, array in state.items()}
    tables = (f"{prefix}embeddings.{name}_embeddings.weight" for name in ("word", "position", "token_type"))
    word, position, kind = (state[name] for name in tables)
    x = layer_norm(state, f"{prefix}embeddings.LayerNorm", word[ids] + position[: len(ids)] + kind[0])
    for number in range(layers):
        x = _layer(state, f"{prefix}encoder.layer.{number}", x, heads)
    return x
