"""The tables between the released encoder-decoders (`models.released`) and the keys of their files.

Shapes and `{i}` are as in `convert.key_map`. A file's encoder and decoder are two tables, since they have layers, heads
and widths of their own; `Layout` joins them.
"""

from collections.abc import Mapping
from typing import NamedTuple

from space_jax.convert.key_map import LINEAR, OUT_KERNEL, QKV_BIAS, QKV_KERNEL, SAME, Form


class ReleasedRow(NamedTuple):
    """One parameter of ours and the keys of a file whose arrays, stacked, are it."""

    ours: str
    form: Form
    shape: str
    keys: tuple[str, ...]


class Layout(NamedTuple):
    """The layout of a file.

    Attributes:
      name: "palm", "palm_post" (LayerNorm after each encoder sublayer), "palm_copy" or "veco".
      sign: the key by which a file is recognised.
      encoder, decoder: the tables.
      parts: parts that a file must have; the others are read where they are there.
      twins: keys that repeat another array under a second name, which files have and `state_dict`s in memory share.
      buffers: ends of keys that are no parameters.
    """

    name: str
    sign: str
    encoder: tuple[ReleasedRow, ...]
    decoder: tuple[ReleasedRow, ...]
    parts: tuple[str, ...]
    twins: Mapping[str, str]
    buffers: tuple[str, ...] = ()


# [H, H], the heads one after the other <-> [H, N, D]
QUERY_KERNEL = Form(
    lambda a, heads: a.reshape(heads, -1, a.shape[1]).transpose(2, 0, 1),
    lambda a, _: a.transpose(1, 2, 0).reshape(-1, a.shape[0]),
)
QUERY_BIAS = Form(lambda a, heads: a.reshape(heads, -1), lambda a, _: a.reshape(-1))
# [2H, H], rows k, v and in each the heads one after the other <-> [H, 2, N, D]
SOURCE_KERNEL = Form(
    lambda a, heads: a.reshape(2, heads, -1, a.shape[1]).transpose(3, 0, 1, 2),
    lambda a, _: a.transpose(1, 2, 3, 0).reshape(-1, a.shape[0]),
)
SOURCE_BIAS = Form(lambda a, heads: a.reshape(2, heads, -1), lambda a, _: a.reshape(-1))

Keys = str | tuple[str, ...]


def _pair(weight: str, bias: str, forms: tuple[Form, Form], shapes: tuple[str, str], keys: Keys) -> list[ReleasedRow]:
    """The rows of a weight and its bias; `keys` are theirs up to `weight` and `bias`."""
    names = (keys,) if isinstance(keys, str) else keys
    return [
        ReleasedRow(weight, forms[0], shapes[0], tuple(f"{name}weight" for name in names)),
        ReleasedRow(bias, forms[1], shapes[1], tuple(f"{name}bias" for name in names)),
    ]


def _dense(ours: str, out: str, inner: str, key: str) -> list[ReleasedRow]:
    return _pair(f"{ours}/kernel", f"{ours}/bias", (LINEAR, SAME), (f"{out} {inner}", out), key)


def _norm(ours: str, key: str) -> list[ReleasedRow]:
    return _pair(f"{ours}/norm/scale", f"{ours}/norm/bias", (SAME, SAME), ("H", "H"), key)


def _table(ours: str, rows: str, key: str) -> list[ReleasedRow]:
    return [ReleasedRow(ours, SAME, f"{rows} H", (f"{key}weight",))]


class _Names(NamedTuple):
    """What a layer's sublayers are called, from behind the number of the layer."""

    qkv: Keys
    out: str
    attention_norm: str
    inner: str
    outer: str
    outer_norm: str
    query: str = ""
    key_value: Keys = ""
    cross_out: str = ""
    cross_norm: str = ""


def _layers(stack: str, prefix: str, names: _Names) -> list[ReleasedRow]:
    """The rows of a stack's layers; `prefix` is that of every key."""

    def keys(given: Keys) -> Keys:
        return prefix + given if isinstance(given, str) else tuple(prefix + one for one in given)

    ours = f"{stack}/layers/"
    kernel, bias = f"{ours}attention/qkv_kernel", f"{ours}attention/qkv_bias"
    rows = _pair(kernel, bias, (QKV_KERNEL, QKV_BIAS), ("3H H", "3H"), keys(names.qkv))
    rows += _out(f"{ours}attention", prefix + names.out)
    rows += _norm(f"{ours}attention_norm", prefix + names.attention_norm)
    rows += _dense(f"{ours}inner", "F", "H", prefix + names.inner)
    rows += _dense(f"{ours}outer", "H", "F", prefix + names.outer)
    rows += _norm(f"{ours}outer_norm", prefix + names.outer_norm)
    if not names.query:
        return rows
    kernel, bias = f"{ours}cross/query_kernel", f"{ours}cross/query_bias"
    rows += _pair(kernel, bias, (QUERY_KERNEL, QUERY_BIAS), ("H H", "H"), prefix + names.query)
    kernel, bias = f"{stack}/source/kernel", f"{stack}/source/bias"
    rows += _pair(kernel, bias, (SOURCE_KERNEL, SOURCE_BIAS), ("2H H", "2H"), keys(names.key_value))
    rows += _out(f"{ours}cross", prefix + names.cross_out)
    return rows + _norm(f"{ours}cross_norm", prefix + names.cross_norm)


def _out(ours: str, key: str) -> list[ReleasedRow]:
    return _pair(f"{ours}/out_kernel", f"{ours}/out_bias", (OUT_KERNEL, SAME), ("H H", "H"), key)


def _bert_embedding(prefix: str) -> list[ReleasedRow]:
    return [
        *_table("tokens/token", "V", f"{prefix}word_embeddings."),
        *_table("places/position", "P", f"{prefix}position_embeddings."),
        *_table("places/role", "T", f"{prefix}token_type_embeddings."),
        *_norm("places/norm", f"{prefix}LayerNorm."),
    ]


_BERT_NAMES = _Names(
    qkv=tuple(f"attention.self.{part}." for part in ("query", "key", "value")),
    out="attention.output.dense.",
    attention_norm="attention.output.LayerNorm.",
    inner="intermediate.dense.",
    outer="output.dense.",
    outer_norm="output.LayerNorm.",
)
_AFTER = _BERT_NAMES._replace(qkv="attention.self.query_key_value.")
_BEFORE = _AFTER._replace(attention_norm="attention.LayerNorm.", outer_norm="LayerNorm.")
_FUSED_DECODER = _Names(
    qkv="attention.query_key_value.",
    out="attention.dense.",
    attention_norm="input_layernorm.",
    inner="intermediate.",
    outer="output.",
    outer_norm="post_cross_attention_layernorm.",
    query="cross_attention.query.",
    key_value="cross_attention.key_value.",
    cross_out="cross_attention.dense.",
    cross_norm="post_attention_layernorm.",
)
_COPY_DECODER = _Names(
    qkv=tuple(f"self_attn.linear_{part}." for part in ("query", "keys", "values")),
    out="self_attn.final_linear.",
    attention_norm="layer_norm_1.",
    inner="feed_forward.w_1.",
    outer="feed_forward.w_2.",
    outer_norm="feed_forward.layer_norm.",
    query="context_attn.linear_query.",
    key_value=("context_attn.linear_keys.", "context_attn.linear_values."),
    cross_out="context_attn.final_linear.",
    cross_norm="layer_norm_2.",
)
_FAIRSEQ_ENCODER = _Names(
    qkv=tuple(f"self_attn.{part}_proj." for part in "qkv"),
    out="self_attn.out_proj.",
    attention_norm="self_attn_layer_norm.",
    inner="fc1.",
    outer="fc2.",
    outer_norm="final_layer_norm.",
)
_FAIRSEQ_DECODER = _FAIRSEQ_ENCODER._replace(
    query="encoder_attn.q_proj.",
    key_value=("encoder_attn.k_proj.", "encoder_attn.v_proj."),
    cross_out="encoder_attn.out_proj.",
    cross_norm="encoder_attn_layer_norm.",
)

_FUSED_ENCODER_REST = (
    *_bert_embedding("bert.embeddings."),
    *_dense("masked_head/dense", "H", "H", "cls.predictions.transform.dense."),
    *_norm("masked_head/norm", "cls.predictions.transform.LayerNorm."),
    ReleasedRow("masked_head/bias", SAME, "V", ("cls.predictions.bias",)),
    *_dense("order_head", "3", "H", "cls.seq_relationship."),
)
_FUSED_TABLE = (
    *_layers("decoder_stack", "decoder.decoder.layer.{i}.", _FUSED_DECODER),
    *_norm("decoder_stack/norm", "decoder.decoder.final_layernorm."),
)
_FUSED_TWINS = {"cls.predictions.decoder.weight": "bert.embeddings.word_embeddings.weight"}
_SIDES = ("tokens", "places", "encoder_stack", "decoder_stack")

PALM = Layout(
    "palm",
    "bert.encoder.layer.0.attention.LayerNorm.weight",
    (
        *_FUSED_ENCODER_REST,
        *_layers("encoder_stack", "bert.encoder.layer.{i}.", _BEFORE),
        *_norm("encoder_stack/norm", "bert.encoder.LayerNorm."),
    ),
    _FUSED_TABLE,
    _SIDES,
    _FUSED_TWINS,
)
PALM_POST = Layout(
    "palm_post",
    "bert.encoder.layer.0.attention.self.query_key_value.weight",
    (*_FUSED_ENCODER_REST, *_layers("encoder_stack", "bert.encoder.layer.{i}.", _AFTER)),
    _FUSED_TABLE,
    _SIDES,
    _FUSED_TWINS,
)
PALM_COPY = Layout(
    "palm_copy",
    "decoder.transformer_layers.0.self_attn.linear_query.weight",
    (
        *_bert_embedding("bert.model.embeddings."),
        *_layers("encoder_stack", "bert.model.encoder.layer.{i}.", _BERT_NAMES),
    ),
    (
        *_table("target_tokens/token", "V", "decoder.embeddings."),
        *_layers("decoder_stack", "decoder.transformer_layers.{i}.", _COPY_DECODER),
        *_norm("decoder_stack/norm", "decoder.layer_norm."),
        ReleasedRow("bias", SAME, "V", ("generator.gen_proj.bias",)),
        *_dense("gate_head", "1", "2H", "generator.prob_proj."),
    ),
    (*_SIDES, "target_tokens", "bias"),
    {"generator.gen_proj.weight": "decoder.embeddings.weight"},
    (".mask", ".pe", ".position_ids"),
)
VECO = Layout(
    "veco",
    "decoder.layers.0.encoder_attn.q_proj.weight",
    (
        *_table("tokens/token", "V", "encoder.embed_tokens."),
        *_table("places/position", "P", "encoder.embed_positions."),
        *_norm("places/norm", "encoder.layernorm_embedding."),
        *_layers("encoder_stack", "encoder.layers.{i}.", _FAIRSEQ_ENCODER),
    ),
    (
        *_table("target_places/position", "P", "decoder.embed_positions."),
        *_norm("target_places/norm", "decoder.layernorm_embedding."),
        *_layers("decoder_stack", "decoder.layers.{i}.", _FAIRSEQ_DECODER),
    ),
    (*_SIDES, "target_places"),
    {
        f"{copy}.weight": "encoder.embed_tokens.weight"
        for copy in ("decoder.embed_tokens", "encoder.output_projection", "decoder.output_projection")
    },
    (".version",),
)
LAYOUTS = (PALM, PALM_POST, PALM_COPY, VECO)
"""In the order in which their signs are looked for."""


def released_keys(row: ReleasedRow) -> tuple[str, ...]:
    """The keys of a row."""
    return row.keys
