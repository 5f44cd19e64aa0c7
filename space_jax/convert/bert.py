"""Folders and files in BERT's layout (Hugging Face): BERT, UniLM, ConvBERT-dialog, MiniLM, StructBERT, ELECTRA in; ours
out.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from space_jax.config import ModelConfig
from space_jax.convert.key_map import TABLE, part_of
from space_jax.convert.mapping import attention_heads, bert_keys, model_of, to_ours, to_theirs
from space_jax.convert.state_files import SAFETENSORS, read_state, write_safetensors
from space_jax.errors import UserError
from space_jax.features.tokenizer import Tokenizer, has_tokenizer, load_tokenizer
from space_jax.features.word_order import ORDERS
from space_jax.features.wordpiece_tokenizer import WordPieceTokenizer
from space_jax.models.weights import Weights
from space_jax.printable import shown
from space_jax.reading.json_text import read_json

CONFIG = "config.json"
REQUIRED, OPTIONAL = ("backbone",), ("masked_head", "pooler", "order_head", "replaced_head")

_OTHERS = ("replaced_head",)  # read from ELECTRA; BERT has no place for it
_NAMED_BERT = ("embeddings.", "encoder.", "pooler.")  # keys that have the prefix `bert.` in a model with a head
_PREFIXES = ("bert.", "electra.")  # of the encoder in a model with a head
_PROJECTION = "embeddings_project."  # of ELECTRA whose embedding is narrower than its layers
_OLD_NAMES = ((".gamma", ".weight"), (".beta", ".bias"))
_TOKENS, _BIAS, _DECODER = "embeddings.word_embeddings.weight", "cls.predictions.bias", "cls.predictions.decoder."
_PAIRS = "cls.seq_relationship."
_COMPUTED = {
    "model_type": ("bert", "unilm", "sbert", "structbert", "electra"),
    "hidden_act": ("gelu",),
    "position_embedding_type": ("absolute",),
    "is_decoder": (False,),
}
"""The accepted values of these fields in `config.json`; the first is the default."""

_SIZES = {
    "num_hidden_layers": "layers",
    "hidden_size": "hidden",
    "intermediate_size": "mlp",
    "max_position_embeddings": "positions",
}
"""These fields, and the same in our configurations."""

_BUFFERS = ("embeddings.position_ids", "embeddings.token_type_ids")


def from_bert(path: Path, heads: int | None = None) -> Weights:
    """Reads a model in BERT's layout.

    Args:
      path: a folder with `config.json`, weights and perhaps `tokenizer.json` or `vocab.txt`, or a file of weights,
        whose folder is then searched for the others.
      heads: of attention; by `config.json`, else by the hidden size, if None.

    Raises:
      UserError: see `read_state` and `to_ours`; a model that does not compute what BERT does; sizes in `config.json`
        that are not those of the weights; a tokenizer with more tokens than the token table has rows.
    """
    folder = path if path.is_dir() else path.parent
    said = _read_config(folder / CONFIG)
    state = _without_tied_decoder(normalised(read_state(path)))
    if any(key.startswith(_PROJECTION) for key in state):
        raise UserError(
            f"{path}: its embedding is narrower than its layers ({_PROJECTION}weight), as that of small ELECTRAs and "
            "of their generators; only a discriminator whose embedding is as wide as its layers can start our backbone"
        )
    tokenizer = load_tokenizer(folder) if has_tokenizer(folder) else None
    state, cut = _without_spare_rows(state, tokenizer, folder)
    state, pairs = _without_pairs(state)
    norm = state.get("embeddings.LayerNorm.weight", np.zeros(0))
    heads = attention_heads(said.get("num_attention_heads") if heads is None else heads, norm.size, path)
    mapped = to_ours(state, bert_keys, REQUIRED, OPTIONAL, heads, str(path))
    model = model_of(mapped, heads, layer_norm_epsilon=said.get("layer_norm_eps", 1e-12))
    for field, name in _SIZES.items():
        if said.get(field, getattr(model, name)) != getattr(model, name):
            raise UserError(
                f"{folder / CONFIG}: field {field} is {shown(said[field])}, but the weights have {getattr(model, name)}"
            )
    return Weights(mapped.arrays, model, None, tokenizer, str(path), mapped.unused + cut + pairs)


def _read_config(path: Path) -> dict[str, Any]:
    """The fields of `config.json`; none where there is no such file."""
    if not path.is_file():
        return {}
    try:
        said = dict(read_json(path))
    except (ValueError, TypeError) as error:
        raise UserError(f"{path}: not the configuration of a model ({error})") from error
    for field, computed in _COMPUTED.items():
        given = said.get(field, computed[0])
        if given not in computed:
            raise UserError(f"{path}: field {field} is {given!r}, but only {computed[0]!r} is computed here")
    heads, epsilon = said.get("num_attention_heads", 1), said.get("layer_norm_eps", 1e-12)
    if type(heads) is not int or heads < 1:
        raise UserError(f"{path}: field num_attention_heads is {heads!r}, but must be a positive whole number")
    if not isinstance(epsilon, float) or not 0 < epsilon < 1:
        raise UserError(f"{path}: field layer_norm_eps is {epsilon!r}, but must be a small positive number")
    return said


def _without_spare_rows(
    state: dict[str, np.ndarray], tokenizer: Tokenizer | None, folder: Path
) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """Cuts the rows of the vocabulary without a token, which some models add for speed."""
    table = state.get(_TOKENS)
    if tokenizer is None or table is None or table.ndim != 2:
        return state, ()
    tokens, rows = tokenizer.vocabulary().size, table.shape[0]
    if tokens > rows:
        raise UserError(f"{folder}: its tokenizer has {tokens} tokens, but its token table {rows} rows")
    if tokens == rows:
        return state, ()
    cut = {key: array[:tokens] for key, array in state.items() if key in (_TOKENS, _BIAS) and len(array) == rows}
    return state | cut, (f"rows {tokens} to {rows - 1} of the token table, which no token has",)


def normalised(state: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The same arrays under current names: without the encoder's prefix, `weight` and `bias` in a LayerNorm."""
    renamed = {}
    for key, array in state.items():
        name = key.removeprefix(next((prefix for prefix in _PREFIXES if key.startswith(prefix)), ""))
        for old, new in _OLD_NAMES:
            name = name.removesuffix(old) + new if name.endswith(old) else name
        if name not in _BUFFERS:
            renamed[name] = array
    return renamed


def _without_tied_decoder(state: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Removes the copies of the token table and of the bias that some files keep for the masked-token head."""
    twins = {f"{_DECODER}weight": _TOKENS, f"{_DECODER}bias": _BIAS}
    copies = {
        copy for copy, twin in twins.items() if copy in state and twin in state and _equal(state[copy], state[twin])
    }
    return {key: array for key, array in state.items() if key not in copies}


def _without_pairs(state: dict[str, np.ndarray]) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """Removes a head on pairs of sentences unless it has StructBERT's three classes; BERT's "next or not" has two."""
    if len(state.get(f"{_PAIRS}weight", ())) == len(ORDERS):
        return state, ()
    pairs = tuple(key for key in state if key.startswith(_PAIRS))
    return {key: array for key, array in state.items() if key not in pairs}, pairs


def _equal(left: np.ndarray, right: np.ndarray) -> bool:
    return left.shape == right.shape and bool((left == right).all())


def to_bert(weights: Weights) -> tuple[dict[str, np.ndarray], dict[str, Any], tuple[str, ...]]:
    """The same model for other tools.

    Returns:
      key -> array, the fields of `config.json`, and the paths of our parameters that BERT has no place for.

    Raises:
      UserError: the encoder is incomplete.
    """
    missing = [
        row.ours for row in TABLE if row.bert and part_of(row.ours) in REQUIRED and row.ours not in weights.arrays
    ]
    if missing:
        raise UserError(f"{weights.source}: lacks {', '.join(missing)}, which BERT has")
    arrays = {path: array for path, array in weights.arrays.items() if part_of(path) not in _OTHERS}
    state = to_theirs(arrays, bert_keys, weights.model.heads)
    masked = any(key.startswith("cls.") for key in state)
    if masked:  # a model with a head keeps its encoder under a prefix
        state = {f"bert.{key}" if key.startswith(_NAMED_BERT) else key: array for key, array in state.items()}
    has_place = {row.ours for row in TABLE if row.bert and part_of(row.ours) not in _OTHERS}
    roles = len(weights.arrays["backbone/embedding/role"])
    fields = config_fields(weights.model) | {
        "architectures": ["BertForMaskedLM" if masked else "BertModel"],
        "type_vocab_size": roles,
    }
    return state, fields, tuple(path for path in weights.arrays if path not in has_place)


def config_fields(model: ModelConfig) -> dict[str, Any]:
    """The fields of `config.json` that say what a BERT of these sizes computes."""
    return {
        "model_type": "bert",
        "hidden_act": "gelu",
        "hidden_size": model.hidden,
        "intermediate_size": model.mlp,
        "layer_norm_eps": model.layer_norm_epsilon,
        "max_position_embeddings": model.positions,
        "num_attention_heads": model.heads,
        "num_hidden_layers": model.layers,
        "pad_token_id": 0,
        "vocab_size": model.vocabulary.size,
    }


def write_bert(folder: Path, weights: Weights) -> tuple[str, ...]:
    """Writes a folder that `transformers.AutoModel.from_pretrained` loads.

    Args:
      folder: an empty one.
      weights: of a trained or converted model.

    Returns:
      The paths of our parameters that BERT has no place for.
    """
    state, fields, unused = to_bert(weights)
    write_safetensors(folder / SAFETENSORS, state)
    (folder / CONFIG).write_text(json.dumps(fields, indent=1) + "\n", encoding="utf-8")
    tokenizer = weights.tokenizer
    if isinstance(tokenizer, WordPieceTokenizer):
        (folder / "vocab.txt").write_text("".join(f"{piece}\n" for piece in tokenizer.pieces), encoding="utf-8")
        said = {"tokenizer_class": "BertTokenizer", "do_lower_case": tokenizer.lower_case}
        (folder / "tokenizer_config.json").write_text(json.dumps(said) + "\n", encoding="utf-8")
    elif tokenizer is not None:
        tokenizer.save(folder / "tokenizer")
    return unused
