"""The one table between our parameters and the keys of published files.

`space` is the key in a published SPACE `state_dict`, "" where there is none, `bert` the keys in a file of BERT's layout
(BERT, UniLM, ConvBERT, MiniLM, StructBERT, ELECTRA), whose arrays are stacked. `{i}` counts layers. `shape` is that of
the published array, one letter per size: V vocabulary, H hidden, F feed-forward, P positions, T roles, U turns, D width
of a subspace; the file determines their values. Linear weights are [out, in] there and [in, out] here.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from space_jax.dialogue.acts import ACTS
from space_jax.dialogue.trees import VIEWS

Change = Callable[[np.ndarray, int], np.ndarray]


class Form(NamedTuple):
    """How an array is converted; both functions also take the number of attention heads."""

    to_ours: Change
    to_theirs: Change


def _same(array: np.ndarray, _: int) -> np.ndarray:
    return array


def _transposed(array: np.ndarray, _: int) -> np.ndarray:
    return array.T


SAME = Form(_same, _same)
LINEAR = Form(_transposed, _transposed)
# [3H, H], rows q, k, v and in each the heads one after the other <-> [H, 3, N, D]
QKV_KERNEL = Form(
    lambda a, heads: a.reshape(3, heads, -1, a.shape[1]).transpose(3, 0, 1, 2),
    lambda a, heads: a.transpose(1, 2, 3, 0).reshape(-1, a.shape[0]),
)
QKV_BIAS = Form(lambda a, heads: a.reshape(3, heads, -1), lambda a, heads: a.reshape(-1))
# [H, H] <-> [N, D, H]
OUT_KERNEL = Form(
    lambda a, heads: a.T.reshape(heads, -1, a.shape[0]),
    lambda a, heads: a.reshape(-1, a.shape[-1]).T,
)
# [W * D, H] <-> [W, H, D]
SUBSPACE_KERNELS = Form(
    lambda a, _: a.reshape(len(VIEWS), -1, a.shape[1]).transpose(0, 2, 1),
    lambda a, _: a.transpose(0, 2, 1).reshape(-1, a.shape[1]),
)
SUBSPACE_BIASES = Form(lambda a, _: a.reshape(len(VIEWS), -1), lambda a, _: a.reshape(-1))
# [1, 1, H] <-> [H]
SUMMARY = Form(lambda a, _: a.reshape(-1), lambda a, _: a.reshape(1, 1, -1))


class Row(NamedTuple):
    """One parameter of ours and its published counterparts."""

    ours: str
    form: Form
    shape: str
    space: str
    bert: tuple[str, ...] = ()


_LAYER, _BERT_LAYER = "layers.{i}.", "encoder.layer.{i}."
_QKV = tuple(f"{_BERT_LAYER}attention.self.{part}." for part in ("query", "key", "value"))


def _weight_and_bias(
    ours: str, weight: str, bias: str, forms: tuple[Form, Form], shapes: tuple[str, str], space: str, *bert: str
) -> tuple[Row, Row]:
    """The two rows of an affine map or of a LayerNorm; `space` and `bert` are the keys up to `weight` and `bias`."""
    return (
        Row(f"{ours}{weight}", forms[0], shapes[0], space and f"{space}weight", tuple(f"{key}weight" for key in bert)),
        Row(f"{ours}{bias}", forms[1], shapes[1], space and f"{space}bias", tuple(f"{key}bias" for key in bert)),
    )


def _dense(ours: str, out: str, inner: str, space: str, *bert: str) -> tuple[Row, Row]:
    return _weight_and_bias(f"{ours}/", "kernel", "bias", (LINEAR, SAME), (f"{out} {inner}", out), space, *bert)


def _norm(ours: str, space: str, *bert: str) -> tuple[Row, Row]:
    return _weight_and_bias(f"{ours}/norm/", "scale", "bias", (SAME, SAME), ("H", "H"), space, *bert)


_ATTENTION = "backbone/layers/attention/"

TABLE: tuple[Row, ...] = (
    Row(
        "backbone/embedding/token",
        SAME,
        "V H",
        "embedder.token_embedding.weight",
        ("embeddings.word_embeddings.weight",),
    ),
    Row(
        "backbone/embedding/position",
        SAME,
        "P H",
        "embedder.pos_embedding.weight",
        ("embeddings.position_embeddings.weight",),
    ),
    Row(
        "backbone/embedding/role",
        SAME,
        "T H",
        "embedder.type_embedding.weight",
        ("embeddings.token_type_embeddings.weight",),
    ),
    Row("backbone/embedding/turn", SAME, "U H", "embedder.turn_embedding.weight"),
    *_norm("backbone/embedding/norm", "embed_layer_norm.", "embeddings.LayerNorm."),
    *_weight_and_bias(
        _ATTENTION,
        "qkv_kernel",
        "qkv_bias",
        (QKV_KERNEL, QKV_BIAS),
        ("3H H", "3H"),
        f"{_LAYER}attn.linear_qkv.",
        *_QKV,
    ),
    *_weight_and_bias(
        _ATTENTION,
        "out_kernel",
        "out_bias",
        (OUT_KERNEL, SAME),
        ("H H", "H"),
        f"{_LAYER}attn.linear_out.",
        f"{_BERT_LAYER}attention.output.dense.",
    ),
    *_norm("backbone/layers/attention_norm", f"{_LAYER}attn_norm.", f"{_BERT_LAYER}attention.output.LayerNorm."),
    *_dense("backbone/layers/inner", "F", "H", f"{_LAYER}ff.linear_hidden.0.", f"{_BERT_LAYER}intermediate.dense."),
    *_dense("backbone/layers/outer", "H", "F", f"{_LAYER}ff.linear_out.", f"{_BERT_LAYER}output.dense."),
    *_norm("backbone/layers/outer_norm", f"{_LAYER}ff_norm.", f"{_BERT_LAYER}output.LayerNorm."),
    *_dense("masked_head/dense", "H", "H", "mlm_transform.0.", "cls.predictions.transform.dense."),
    *_norm("masked_head/norm", "mlm_transform.2.", "cls.predictions.transform.LayerNorm."),
    Row("masked_head/bias", SAME, "V", "mlm_bias", ("cls.predictions.bias",)),
    *_dense("pooler/dense", "H", "H", "pooler.0.", "pooler.dense."),
    *_dense("order_head", "3", "H", "", "cls.seq_relationship."),
    *_dense("replaced_head/dense", "H", "H", "", "discriminator_predictions.dense."),
    *_dense("replaced_head/logit", "1", "H", "", "discriminator_predictions.dense_prediction."),
    Row("bag_of_words/kernel", LINEAR, "V H", "bow_predictor.weight"),
    *_weight_and_bias(
        "subspaces/",
        "kernels",
        "biases",
        (SUBSPACE_KERNELS, SUBSPACE_BIASES),
        (f"{len(VIEWS)}D H", f"{len(VIEWS)}D"),
        "subspace.projection.0.",
    ),
    Row("summary", SUMMARY, "1 1 H", "mask_embed"),
    *_dense("act_classifier", str(len(ACTS)), "H", "act_classifier."),
)

RECIPE_PARTS = {
    "space1": ("backbone", "summary", "act_classifier"),
    "space2": ("backbone", "masked_head", "subspaces"),
    "space3": ("backbone", "masked_head", "pooler", "bag_of_words"),
}
"""The parts that a published `state_dict` of each recipe has. Ours of SPACE-1 has a `selector` beside them."""


def part_of(path: str) -> str:
    """`backbone` for `backbone/embedding/token`."""
    return path.split("/", 1)[0]
