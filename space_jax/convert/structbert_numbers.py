"""Our arrays for a recording of StructBERT, under the names of the recording.

Of B texts of S tokens, of which N places have a label:

embedding, hidden_<i> [B, S, H]   the sum of tables after LayerNorm, and the output of each layer
pooled [B, H]                     of the first token
word_logits [N, V]                of the N labelled places, row by row; order_logits [B, 3]
token_losses [B, S]               0 at places without a label
loss_masked, loss_shuffled        means over the two kinds of places; loss_word over both, loss_order, loss_total
grad:<key>                        gradient of loss_total for a published parameter
adv_logits, adv_cross_entropy     a classifier on unmasked text; adv_loss with the adversarial term of fine-tuning
"""

import dataclasses
import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from space_jax.config import ModelConfig
from space_jax.convert.bert import OPTIONAL, REQUIRED, normalised
from space_jax.convert.family import FamilyRecording
from space_jax.convert.mapping import bert_keys, model_of, to_ours, to_theirs
from space_jax.errors import UserError
from space_jax.features.batch import Tokens
from space_jax.losses import Sum, adversarial_step, class_cross_entropy, divergence_by_classes, token_cross_entropy
from space_jax.models.structbert import StructBertModel
from space_jax.models.weights import by_path, nested, pad_vocabulary, without_vocabulary_padding

PADDED = {"hidden_": "attention_mask"}

_CLASSIFIER = "adv:classifier."
_INPUTS = ("input_ids", "attention_mask", "token_type_ids", "labels", "order_label", "masked_positions")
_ACTIVATION = "gelu (erf)"
_PREFIXED = ("embeddings.", "encoder.", "pooler.")


def compute(recording: FamilyRecording) -> dict[str, Any]:
    """All our arrays for the batch."""
    recording.require(*_INPUTS)
    config, params = _model(recording)
    computed = _layers(recording, config, params)
    forward = functools.partial(_forward, recording, StructBertModel(config))
    (_, found), gradient = jax.jit(jax.value_and_grad(lambda p: _with_total(forward(p)), has_aux=True))(params)
    plain = without_vocabulary_padding(by_path(gradient), config.vocabulary.size)
    computed |= found | {f"grad:{_prefixed(key)}": a for key, a in to_theirs(plain, bert_keys, config.heads).items()}
    labelled = recording.inputs["labels"] != recording.size("ignored_label")
    computed["word_logits"] = np.asarray(found["word_logits"])[labelled][:, : config.vocabulary.size]
    if "adv_noise" in recording.inputs:
        computed |= _adversarial(recording, StructBertModel(config), params)
    return computed


def _model(recording: FamilyRecording) -> tuple[ModelConfig, Any]:
    if recording.spec.get("activation") != _ACTIVATION:
        raise UserError(f"--spec: field activation must be {_ACTIVATION!r}, which is what is computed here")
    state = {key: array for key, array in recording.state.items() if not key.startswith(_CLASSIFIER)}
    heads = int(recording.size("sizes", "heads"))
    mapped = to_ours(normalised(state), bert_keys, REQUIRED, OPTIONAL, heads, recording.source)
    epsilon = float(recording.size("layer_norm_epsilon"))
    config = model_of(mapped, heads, layer_norm_epsilon=epsilon, dropout=0.0)
    turns = {"backbone/embedding/turn": np.zeros((config.turns, config.hidden), np.float32)}  # BERT has none
    padded = pad_vocabulary(mapped.arrays | turns, config.vocabulary.padded_size)
    return config, jax.tree.map(jnp.asarray, nested(padded))


def _prefixed(key: str) -> str:
    return f"bert.{key}" if key.startswith(_PREFIXED) else key


def _tokens(recording: FamilyRecording, ids: str) -> Tokens:
    """One text a row; its turn id adds nothing, for `_encode` leaves it out."""
    inputs = recording.inputs
    grid = jnp.asarray(inputs[ids], jnp.int32)
    return Tokens(
        ids=grid,
        positions=jnp.broadcast_to(jnp.arange(grid.shape[1], dtype=jnp.int32), grid.shape),
        roles=jnp.asarray(inputs["token_type_ids"], jnp.int32),
        turns=jnp.zeros_like(grid),
        segments=jnp.asarray(inputs["attention_mask"], jnp.int32),
    )


def _encode(net: StructBertModel, tokens: Tokens, noise: jax.Array | None = None) -> tuple[jax.Array, jax.Array]:
    """The embedding and the last layer's output, each `[B, S, H]`."""
    x = net.backbone.embedding(tokens.ids, tokens.positions, tokens.roles, noise=noise)
    return x, net.backbone.encode(x, tokens.segments)[0]


def _layers(recording: FamilyRecording, config: ModelConfig, params: Any) -> dict[str, Any]:
    """The output of each layer: that of a model which ends there."""
    computed: dict[str, Any] = {}
    for last in range(config.layers):
        shorter = StructBertModel(dataclasses.replace(config, layers=last + 1))
        layers = jax.tree.map(lambda array, n=last + 1: array[:n], params["backbone"]["layers"])
        cut = params | {"backbone": params["backbone"] | {"layers": layers}}
        run = jax.jit(functools.partial(shorter.apply, method=_encode))
        computed["embedding"], computed[f"hidden_{last}"] = run({"params": cut}, _tokens(recording, "input_ids"))
    return computed


def _forward(recording: FamilyRecording, net: StructBertModel, params: Any) -> dict[str, Any]:
    inputs, apply = recording.inputs, functools.partial(net.apply, {"params": params})
    _, x = apply(_tokens(recording, "input_ids"), method=_encode)
    everywhere = jnp.broadcast_to(jnp.arange(x.shape[1]), x.shape[:2])
    words = apply(x, everywhere, method="score_words")
    pooled = apply(x[:, 0], method=lambda net, vectors: net.pooler(vectors))
    order = apply(x[:, 0], method="score_order")
    labels = jnp.asarray(inputs["labels"])
    known = labels != recording.size("ignored_label")
    losses = class_cross_entropy(words, jnp.where(known, labels, 0))
    masked = jnp.asarray(inputs["masked_positions"], bool)
    return {
        "pooled": pooled,
        "word_logits": words,
        "order_logits": order,
        "token_losses": jnp.where(known, losses, 0.0),
        "loss_masked": Sum.of(losses, known & masked).mean(),
        "loss_shuffled": Sum.of(losses, known & ~masked).mean(),
        "loss_word": token_cross_entropy(words, jnp.where(known, labels, 0), known.astype(jnp.float32)).mean(),
        "loss_order": class_cross_entropy(order, jnp.asarray(inputs["order_label"])).mean(),
    }


def _with_total(found: dict[str, Any]) -> tuple[jax.Array, dict[str, Any]]:
    found["loss_total"] = found["loss_word"] + found["loss_order"]
    return found["loss_total"], found


def _adversarial(recording: FamilyRecording, net: StructBertModel, params: Any) -> dict[str, Any]:
    """The term of `tasks.adversarial` with the recorded noise, on a classifier of the pooled first token."""
    recording.require("original_ids", "adv_labels")
    kernel, bias = (jnp.asarray(recording.state[f"{_CLASSIFIER}{name}"]) for name in ("weight", "bias"))
    tokens, labels = _tokens(recording, "original_ids"), jnp.asarray(recording.inputs["adv_labels"])
    size, bound = (float(recording.size("adversarial", name)) for name in ("gradient_factor", "bound"))

    @jax.jit
    def logits(noise: jax.Array) -> jax.Array:
        _, x = net.apply({"params": params}, tokens, noise, method=_encode)
        pooled = net.apply({"params": params}, x[:, 0], method=lambda net, vectors: net.pooler(vectors))
        return pooled @ kernel.T + jnp.broadcast_to(bias, (len(pooled), len(bias)))

    noise = jnp.asarray(recording.inputs["adv_noise"])
    clean = logits(jnp.zeros_like(noise))
    gradient = jax.grad(lambda noise: divergence_by_classes(clean, logits(noise)).mean())(noise)
    moved = logits(noise + adversarial_step(gradient, tokens.segments, size, bound))
    cross_entropy = class_cross_entropy(clean, labels).mean()
    return {
        "adv_logits": clean,
        "adv_cross_entropy": cross_entropy,
        "adv_loss": cross_entropy + divergence_by_classes(clean, moved).mean(),
    }
