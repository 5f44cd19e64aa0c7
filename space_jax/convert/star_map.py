"""The table between our model after STAR and the keys of its released code: a generator and a discriminator.

Both are in Hugging Face's ELECTRA layout, which is BERT's under other prefixes; the heads have the names of STAR's
code. The two are tables of their own, since they have heads and widths of their own, and share one embedding.
"""

from collections.abc import Mapping

import numpy as np

from space_jax.convert.key_map import LINEAR, SAME, TABLE
from space_jax.convert.released.key_maps import ReleasedRow

_EMBEDDING, _LAYERS = "backbone/embedding/", "backbone/layers/"
_GENERATOR, _DISCRIMINATOR = "generator.", "discriminator."
_PROJECT = f"{_GENERATOR}electra.embeddings_project."


def _moved(start: str, to: str, prefix: str) -> tuple[ReleasedRow, ...]:
    """The rows of BERT's layout whose paths begin with `start`, for other paths and under a prefix."""
    return tuple(
        ReleasedRow(to + row.ours.removeprefix(start), row.form, row.shape, tuple(prefix + key for key in row.bert))
        for row in TABLE
        if row.ours.startswith(start) and row.bert
    )


def _dense(ours: str, out: str, inner: str, key: str) -> tuple[ReleasedRow, ReleasedRow]:
    return (
        ReleasedRow(f"{ours}/kernel", LINEAR, f"{out} {inner}", (f"{key}weight",)),
        ReleasedRow(f"{ours}/bias", SAME, out, (f"{key}bias",)),
    )


def _norm(ours: str, size: str, key: str) -> tuple[ReleasedRow, ReleasedRow]:
    return (
        ReleasedRow(f"{ours}/norm/scale", SAME, size, (f"{key}weight",)),
        ReleasedRow(f"{ours}/norm/bias", SAME, size, (f"{key}bias",)),
    )


def _pool(ours: str, key: str) -> tuple[ReleasedRow, ...]:
    """The second map has a bias in the file, which changes nothing: a softmax follows."""
    return (
        *_dense(f"{ours}/dense", "H", "H", f"{key}0."),
        ReleasedRow(f"{ours}/score/kernel", LINEAR, "1 H", (f"{key}2.weight",)),
    )


_D = _DISCRIMINATOR
DISCRIMINATOR = (
    *_moved(_EMBEDDING, _EMBEDDING, f"{_GENERATOR}electra."),  # of both, in the file with the generator
    *_moved(_LAYERS, _LAYERS, f"{_D}electra."),
    *_dense("replaced_head/dense", "H", "H", f"{_D}discriminator_predictions.dense."),
    *_dense("replaced_head/logit", "1", "H", f"{_D}discriminator_predictions.dense_prediction."),
    *_pool("slot_head/pool", f"{_D}column_sss.aggregation.attn."),
    *_dense("slot_head/dense", "H", "H", f"{_D}dense_col_sss."),
    *_norm("slot_head/norm", "H", f"{_D}layer_norm_col_sss."),
    ReleasedRow("slot_head/logits/kernel", LINEAR, "C H", (f"{_D}decoder_col_sss.weight",)),
    ReleasedRow("slot_head/logits/bias", SAME, "C", (f"{_D}bias_col_sss",)),
    *_dense("turn_head/dense", "H", "H", f"{_D}mlp_sss.dense."),
    *_pool("turn_head/pool", f"{_D}question_sss.attn."),
    ReleasedRow("task_weights", SAME, "3", ("task_weights",)),
)


def generator(state: Mapping[str, np.ndarray]) -> tuple[ReleasedRow, ...]:
    """The generator's table; H and F are its own sizes, E that of the embedding, which is only projected to another."""
    projects = any(key.startswith(_PROJECT) for key in state)
    return (
        *(_dense("generator/project", "H", "E", _PROJECT) if projects else ()),
        *_moved(_LAYERS, "generator/layers/", f"{_GENERATOR}electra."),
        *_dense("generator/head/dense", "E", "H", f"{_GENERATOR}generator_predictions.dense."),
        *_norm("generator/head/norm", "E", f"{_GENERATOR}generator_predictions.LayerNorm."),
        ReleasedRow("generator/head/bias", SAME, "V", (f"{_GENERATOR}generator_lm_head.bias",)),
    )
