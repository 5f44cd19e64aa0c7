"""The files of an exported model, which Hugging Face's libraries load without code of ours.

config.json, model.safetensors, tokenizer.json, tokenizer_config.json    what `transformers` loads
modules.json, 1_Pooling/, ...     for a model that has vectors of texts: what `sentence-transformers` loads
encoder/                          the same model without the layer that a classifier by the mean has on top, where
there is one; `modules.json` points to it
space_jax.json                    thresholds, limits, and where all this comes from
README.md                         the card
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from space_jax.convert.bert import CONFIG
from space_jax.convert.state_files import SAFETENSORS, write_safetensors
from space_jax.exporting.exportable import CLASSIFIER, ENCODER, Exportable
from space_jax.exporting.folding import Bert, State, fold
from space_jax.exporting.heads import classifier_of_first, classifier_of_mean, encoder_state, tagger_state
from space_jax.exporting.text_layout import FIRST, MEAN, TextLayout
from space_jax.exporting.tokenizer_file import require_wordpiece, write_tokenizer

SETTINGS, ENCODER_FOLDER = "space_jax.json", "encoder"
FORMAT = 1
_DROPOUT = 0.1  # where somebody trains it further; BERT's
_POOLING = {FIRST: "pooling_mode_cls_token", MEAN: "pooling_mode_mean_tokens"}
_MODULES = ("Transformer", "Pooling", "Normalize")


def write_model(folder: Path, model: Exportable) -> None:
    """Writes everything but the card.

    Args:
      folder: an empty one.
      model: what to write.

    Raises:
      UserError: a tokenizer or a head that other tools have no place for.
    """
    require_wordpiece(model.tokenizer, model.weights.source)
    bert = fold(model.weights.arrays, model.weights.model, model.layout)
    if model.kind == ENCODER:
        _write_transformer(folder, model, *encoder_state(bert))
        write_sentence_transformer(folder, "", bert.model.hidden, model.layout)
    elif model.kind == CLASSIFIER:
        _write_classifier(folder, model, bert)
    else:
        assert model.head is not None
        state, fields = tagger_state(bert, model.head)
        _write_transformer(folder, model, state, fields | _label_fields(model.labels))
    (folder / SETTINGS).write_text(_json(_settings(model)), encoding="utf-8")


def _write_classifier(folder: Path, model: Exportable, bert: Bert) -> None:
    assert model.head is not None
    by_first = model.layout.vector == FIRST
    state, fields = (classifier_of_first if by_first else classifier_of_mean)(bert, model.head)
    fields = fields | _label_fields(model.labels) | {"problem_type": "single_label_classification"}
    _write_transformer(folder, model, state, fields)
    if by_first:
        write_sentence_transformer(folder, "", bert.model.hidden, model.layout)
        return
    inner = folder / ENCODER_FOLDER
    inner.mkdir()
    _write_transformer(inner, model, *encoder_state(bert))
    write_sentence_transformer(inner, "", bert.model.hidden, model.layout)
    write_sentence_transformer(folder, ENCODER_FOLDER, bert.model.hidden, model.layout)


def _write_transformer(folder: Path, model: Exportable, state: State, fields: dict[str, Any]) -> None:
    dropout = dict.fromkeys(("hidden_dropout_prob", "attention_probs_dropout_prob"), _DROPOUT)
    said = fields | dropout | {"dtype": "float32", "pad_token_id": model.tokenizer.vocabulary().pad}
    write_safetensors(folder / SAFETENSORS, {key: np.ascontiguousarray(array) for key, array in state.items()})
    (folder / CONFIG).write_text(_json(said), encoding="utf-8")
    write_tokenizer(folder, model.tokenizer, model.layout)


def write_sentence_transformer(folder: Path, inner: str, hidden: int, layout: TextLayout) -> None:
    """Writes what makes a folder with a transformer one of `sentence-transformers`.

    Args:
      folder: of the model.
      inner: the folder within it that holds the transformer and the settings of its pooling; "" for itself.
      hidden: H.
      layout: of texts.
    """
    prefix = f"{inner}/" if inner else ""
    paths = (inner, f"{prefix}1_Pooling", f"{prefix}2_Normalize")
    modules = [
        {"idx": index, "name": str(index), "path": path, "type": f"sentence_transformers.models.{name}"}
        for index, (path, name) in enumerate(zip(paths, _MODULES, strict=True))
    ]
    (folder / "modules.json").write_text(_json(modules), encoding="utf-8")
    (folder / "config_sentence_transformers.json").write_text(_json({"similarity_fn_name": "cosine"}), encoding="utf-8")
    if inner:
        return
    for path in paths[1:]:
        (folder / path).mkdir()
    length = {"max_seq_length": layout.length, "do_lower_case": False}  # the tokenizer does, where it is so trained
    (folder / "sentence_bert_config.json").write_text(_json(length), encoding="utf-8")
    modes = {name: vector == layout.vector for vector, name in _POOLING.items()}
    pooling = {"word_embedding_dimension": hidden, **modes, "pooling_mode_max_tokens": False}
    (folder / "1_Pooling" / CONFIG).write_text(_json(pooling), encoding="utf-8")
    (folder / "2_Normalize" / CONFIG).write_text(_json({}), encoding="utf-8")  # an empty folder is lost on the way


def _label_fields(labels: tuple[str, ...]) -> dict[str, Any]:
    return {
        "id2label": {str(index): label for index, label in enumerate(labels)},
        "label2id": {label: index for index, label in enumerate(labels)},
    }


def _settings(model: Exportable) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "kind": model.kind,
        "step": model.step,
        "recipe": model.weights.recipe,
        "vector": model.vector or None,
        "max_tokens": model.layout.length,
        "tokens_of_the_text": model.layout.most,
        "longer_texts_keep_their": "end" if model.layout.from_end else "beginning",
        **model.settings,
    }


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"
