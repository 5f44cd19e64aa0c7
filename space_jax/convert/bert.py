"""Folders and files in BERT's layout (Hugging Face): BERT, UniLM, ConvBERT-dialog, MiniLM in; ours out."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from space_jax.config import ModelConfig
from space_jax.convert.key_map import TABLE
from space_jax.convert.mapping import bert_keys, model_of, to_ours, to_theirs
from space_jax.convert.space import PUBLISHED_HEADS
from space_jax.convert.state_files import SAFETENSORS, read_state, write_safetensors
from space_jax.errors import UserError
from space_jax.features.tokenizer import has_tokenizer, load_tokenizer
from space_jax.features.wordpiece_tokenizer import WordPieceTokenizer
from space_jax.models.weights import Weights

CONFIG = "config.json"
REQUIRED, OPTIONAL = ("backbone",), ("masked_head", "pooler")

_NAMED_BERT = ("embeddings.", "encoder.", "pooler.")  # what `bert.` stands before in a model with a head
_OLD_NAMES = ((".gamma", ".weight"), (".beta", ".bias"))
_DECODER = "cls.predictions.decoder."
# Buffers, and the next-sentence head, which no recipe has.
_NO_PARAMETERS = ("embeddings.position_ids", "embeddings.token_type_ids")


def from_bert(path: Path) -> tuple[Weights, tuple[str, ...]]:
    """Reads a model in BERT's layout.

    Args:
      path: a folder with `config.json`, weights and perhaps `tokenizer.json` or `vocab.txt`, or a file of weights,
        whose folder is then searched for the others.

    Returns:
      The weights, and the keys that were not used.

    Raises:
      UserError: see `read_state` and `to_ours`; a model that computes something else than BERT.
    """
    folder = path if path.is_dir() else path.parent
    said = _read_config(folder / CONFIG)
    state = normalised(read_state(path))
    heads = said.get("num_attention_heads") or _published_heads(state, path)
    mapped = to_ours(_without_tied_decoder(state), bert_keys, REQUIRED, OPTIONAL, heads, str(path))
    tokenizer = load_tokenizer(folder) if has_tokenizer(folder) else None
    if tokenizer is not None and tokenizer.vocabulary().size != mapped.sizes["V"]:
        raise UserError(
            f"{folder}: its tokenizer has {tokenizer.vocabulary().size} tokens, but its token table "
            f"{mapped.sizes['V']} rows"
        )
    model = model_of(mapped, heads, layer_norm_epsilon=said.get("layer_norm_eps", 1e-12))
    return Weights(mapped.arrays, model, None, tokenizer, str(path)), mapped.unused


def _read_config(path: Path) -> dict[str, Any]:
    """The fields of `config.json`; none where there is no such file."""
    if not path.is_file():
        return {}
    try:
        said = json.loads(path.read_bytes())
        activation, positions = said.get("hidden_act", "gelu"), said.get("position_embedding_type", "absolute")
        heads = said.get("num_attention_heads", 1)
    except (ValueError, AttributeError) as error:
        raise UserError(f"{path}: not the configuration of a model ({error})") from error
    for field, given, expected in (
        ("hidden_act", activation, "gelu"),
        ("position_embedding_type", positions, "absolute"),
    ):
        if given != expected:
            raise UserError(f"{path}: field {field} is {given!r}, but only {expected!r} is computed here")
    if type(heads) is not int or heads < 1:
        raise UserError(f"{path}: field num_attention_heads is {heads!r}, but must be a positive whole number")
    return said


def _published_heads(state: Mapping[str, np.ndarray], path: Path) -> int:
    table = state.get("embeddings.LayerNorm.weight", np.zeros(0))
    if table.size not in PUBLISHED_HEADS:
        raise UserError(f"{path}: no {CONFIG} beside it says num_attention_heads, nor does hidden size {table.size}")
    return PUBLISHED_HEADS[table.size]


def normalised(state: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The same arrays under today's names: no `bert.` before them, `weight` and `bias` in a LayerNorm."""
    renamed = {}
    for key, array in state.items():
        name = key.removeprefix("bert.")
        for old, new in _OLD_NAMES:
            name = name.removesuffix(old) + new if name.endswith(old) else name
        if name not in _NO_PARAMETERS:
            renamed[name] = array
    return renamed


def _without_tied_decoder(state: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Leaves out the copies of the token table and of the bias that some files keep for the masked-token head."""
    twins = {f"{_DECODER}weight": "embeddings.word_embeddings.weight", f"{_DECODER}bias": "cls.predictions.bias"}
    copies = {
        copy for copy, twin in twins.items() if copy in state and twin in state and _equal(state[copy], state[twin])
    }
    return {key: array for key, array in state.items() if key not in copies}


def _equal(left: np.ndarray, right: np.ndarray) -> bool:
    return left.shape == right.shape and bool((left == right).all())


def to_bert(weights: Weights) -> tuple[dict[str, np.ndarray], dict[str, Any], tuple[str, ...]]:
    """The same model for other tools.

    Returns:
      key -> array, the fields of `config.json`, and the paths of our parameters that BERT has no place for.
    """
    state = to_theirs(weights.arrays, bert_keys, weights.model.heads)
    masked = any(key.startswith("cls.") for key in state)
    if masked:  # a model with a head keeps its encoder under a name
        state = {f"bert.{key}" if key.startswith(_NAMED_BERT) else key: array for key, array in state.items()}
    has_place = {row.ours for row in TABLE if row.bert}
    fields = _config_fields(weights.model) | {"architectures": ["BertForMaskedLM" if masked else "BertModel"]}
    return state, fields, tuple(path for path in weights.arrays if path not in has_place)


def _config_fields(model: ModelConfig) -> dict[str, Any]:
    return {
        "model_type": "bert",
        "attention_probs_dropout_prob": model.dropout,
        "hidden_act": "gelu",
        "hidden_dropout_prob": model.dropout,
        "hidden_size": model.hidden,
        "intermediate_size": model.mlp,
        "layer_norm_eps": model.layer_norm_epsilon,
        "max_position_embeddings": model.positions,
        "num_attention_heads": model.heads,
        "num_hidden_layers": model.layers,
        "pad_token_id": 0,
        "type_vocab_size": model.roles,
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
