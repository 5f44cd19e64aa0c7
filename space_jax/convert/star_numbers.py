"""Our arrays for a recording of STAR, under the names of the recording.

Of B texts of S tokens with N columns in all, of which M places are masked:

embedding, hidden_<i> [B, S, H]   of the discriminator on the generator's words, the output of each layer
generator_logits [M, V]           of the masked places, row by row
replaced_logits [B, S]
column_logits [N, C]              one column after the other; column_logits_uncorrupted on the text as written
utterance [B, H]                  utterance_uncorrupted likewise; similarity [B, B] is their cosine
contrast_weights [B, B]
loss_generator, loss_replaced, loss_electra, loss_state, loss_dependency, loss_total
grad:<key>                        gradient of loss_total for a published parameter
"""

import dataclasses
import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from space_jax.config import ModelConfig, Vocabulary
from space_jax.convert.family import FamilyRecording
from space_jax.convert.mapping import Mapped, to_ours, to_theirs
from space_jax.convert.released.key_maps import ReleasedRow, released_keys
from space_jax.convert.star_map import DISCRIMINATOR, generator
from space_jax.errors import UserError
from space_jax.losses import (
    Sum,
    class_cross_entropy,
    dependency_contrast,
    dependency_weights,
    l2_normalise,
    replaced_tokens,
    slot_state,
    task_penalty,
    task_weighted,
)
from space_jax.models.star import Read, StarModel
from space_jax.models.weights import by_path, nested, pad_vocabulary, without_vocabulary_padding

PADDED = {"hidden_": "attention_mask", "replaced_logits": "attention_mask"}

_INPUTS = (
    *("input_ids", "attention_mask", "position_ids", "column_mask", "column_counts", "column_lengths"),
    *("column_labels", "similarity_labels", "masked_ids", "masked_labels", "generated_ids", "replaced"),
)
_ACTIVATION = "gelu (erf)"
_IGNORED = -100


def compute(recording: FamilyRecording) -> dict[str, Any]:
    """All our arrays for the batch."""
    recording.require(*_INPUTS)
    net, params = _model(recording)
    computed = _layers(recording, net, params)
    forward = functools.partial(_forward, recording, net)
    (_, found), gradient = jax.jit(jax.value_and_grad(lambda p: _with_total(forward(p)), has_aux=True))(params)
    size = net.config.vocabulary.size
    plain = without_vocabulary_padding(by_path(gradient), size)
    for table, heads in _tables(recording):
        computed |= {f"grad:{key}": a for key, a in to_theirs(plain, released_keys, heads, table).items()}
    labelled = recording.inputs["masked_labels"] != _IGNORED
    logits = np.asarray(found.pop("generator_logits"))
    return computed | found | {"generator_logits": logits[labelled][:, :size]}


def _tables(recording: FamilyRecording) -> tuple[tuple[tuple[ReleasedRow, ...], int], ...]:
    """The two tables, each with its attention heads."""
    sizes = (int(recording.size("sizes", name)) for name in ("heads", "generator_heads"))
    return tuple(zip((DISCRIMINATOR, generator(recording.state)), sizes, strict=True))


def _model(recording: FamilyRecording) -> tuple[StarModel, Any]:
    if recording.spec.get("activation") != _ACTIVATION:
        raise UserError(f"--spec: field activation must be {_ACTIVATION!r}, which is what is computed here")
    mapped: list[Mapped] = []
    for table, heads in _tables(recording):
        parts = tuple({row.ours.split("/", 1)[0] for row in table})
        mapped.append(to_ours(recording.state, released_keys, parts, (), heads, recording.source, table))
    own, small = (one.sizes for one in mapped)
    if small["E"] != own["H"] or small["V"] != own["V"]:
        raise UserError(
            f"{recording.source}: the generator's head is {small['V']} x {small['E']}, but the embedding that it "
            f"shares with the discriminator is {own['V']} x {own['H']}"
        )
    config = ModelConfig(
        layers=own["layers"],
        hidden=own["H"],
        heads=int(recording.size("sizes", "heads")),
        mlp=own["F"],
        positions=own["P"],
        roles=max(2, own["T"]),
        dropout=0.0,
        layer_norm_epsilon=float(recording.size("layer_norm_epsilon")),
        vocabulary=Vocabulary(size=own["V"]),
    )
    heads = int(recording.size("sizes", "generator_heads"))
    generating = dataclasses.replace(config, layers=small["layers"], hidden=small["H"], heads=heads, mlp=small["F"])
    epsilon = float(recording.size("generator_head_layer_norm_epsilon"))
    arrays = mapped[0].arrays | mapped[1].arrays
    arrays["backbone/embedding/turn"] = np.zeros((config.turns, config.hidden), np.float32)  # ELECTRA has none
    params = nested(pad_vocabulary(arrays, config.vocabulary.padded_size))
    return StarModel(config, generating, own["C"], True, epsilon), jax.tree.map(jnp.asarray, params)


def _segments(recording: FamilyRecording) -> jax.Array:
    return jnp.asarray(recording.inputs["attention_mask"] > 0).astype(jnp.int32)


def _embed(net: StarModel, ids: jax.Array, positions: jax.Array) -> jax.Array:
    """Every token is of the first type."""
    return net.backbone.embedding(ids, positions, jnp.zeros_like(ids))


def _layers(recording: FamilyRecording, net: StarModel, params: Any) -> dict[str, Any]:
    """The output of each layer: that of a model which ends there."""
    ids, positions = (jnp.asarray(recording.inputs[name], jnp.int32) for name in ("generated_ids", "position_ids"))
    segments, computed = _segments(recording), {}

    def encode(net: StarModel) -> tuple[jax.Array, jax.Array]:
        x = _embed(net, ids, positions)
        return x, net.backbone.encode(x, segments)[0]

    for last in range(net.config.layers):
        shorter = net.clone(config=dataclasses.replace(net.config, layers=last + 1))
        layers = jax.tree.map(lambda array, n=last + 1: array[:n], params["backbone"]["layers"])
        cut = params | {"backbone": params["backbone"] | {"layers": layers}}
        run = jax.jit(functools.partial(shorter.apply, method=encode))
        computed["embedding"], computed[f"hidden_{last}"] = run({"params": cut})
    return computed


def _columns(recording: FamilyRecording) -> tuple[np.ndarray, np.ndarray]:
    """The tokens of each column, bool `[B, C, S]`, and which of the C there are, bool `[B, C]`.

    Raises:
      UserError: the lengths do not add up to the tokens of columns.
    """
    inputs = recording.inputs
    lengths, counts = inputs["column_lengths"], inputs["column_counts"]
    there = np.arange(lengths.shape[1]) < counts[:, None]
    ends = np.cumsum(np.where(there, lengths, 0), axis=1)
    mask = inputs["column_mask"] > 0
    if not np.array_equal(ends[:, -1], mask.sum(axis=1)):
        raise UserError("--inputs: column_lengths must add up to the tokens of column_mask in each row")
    number = np.where(mask, np.cumsum(mask, axis=1) - 1, -1)[:, None, :]  # of each token among those of columns
    starts = ends - np.where(there, lengths, 0)
    return (number >= starts[..., None]) & (number < ends[..., None]) & there[..., None], there


def _forward(recording: FamilyRecording, net: StarModel, params: Any) -> dict[str, Any]:
    inputs, segments = recording.inputs, _segments(recording)
    positions = jnp.asarray(inputs["position_ids"], jnp.int32)
    slots, there = _columns(recording)
    apply = functools.partial(net.apply, {"params": params})

    def embed(name: str) -> jax.Array:
        return apply(jnp.asarray(inputs[name], jnp.int32), positions, method=_embed)

    def read(name: str) -> Read:
        return apply(embed(name), segments, jnp.asarray(slots), segments[:, None] > 0, method="read")

    def score(net: StarModel, x: jax.Array) -> jax.Array:
        everywhere = jnp.broadcast_to(jnp.arange(x.shape[1]), x.shape[:2])
        return net.generator.head(net.generate(x, segments), everywhere, net.backbone.embedding)

    words, labels = apply(embed("masked_ids"), method=score), jnp.asarray(inputs["masked_labels"], jnp.int32)
    corrupted, written = read("generated_ids"), read("input_ids")
    found = {
        "generator_logits": words,
        "replaced_logits": corrupted.replaced,
        "column_logits": corrupted.roles[there],
        "column_logits_uncorrupted": written.roles[there],
        "utterance": corrupted.turns[:, 0],
        "utterance_uncorrupted": written.turns[:, 0],
        "loss_generator": Sum.of(class_cross_entropy(words, labels), labels != _IGNORED).mean(),
        "loss_replaced": Sum.of(
            replaced_tokens(corrupted.replaced, jnp.asarray(inputs["replaced"] > 0)), segments > 0
        ).mean(),
    }
    return _with_losses(recording, found, params["task_weights"])


def _with_total(found: dict[str, Any]) -> tuple[jax.Array, dict[str, Any]]:
    return found["loss_total"], found


def _with_losses(recording: FamilyRecording, found: dict[str, Any], weights: jax.Array) -> dict[str, Any]:
    inputs = recording.inputs
    similarity = jnp.asarray(inputs["similarity_labels"], jnp.float32)
    sharpness, temperature = (float(recording.size(name)) for name in ("similarity_sharpness", "temperature"))
    rows, columns = found["utterance_uncorrupted"], found["utterance"]
    roles = jnp.asarray(inputs["column_labels"], jnp.int32)
    unused = float(recording.size("class_weight_of_unused_columns"))
    of_passes = [
        slot_state(found[name], roles, jnp.ones(roles.shape), unused).mean()
        for name in ("column_logits", "column_logits_uncorrupted")
    ]
    contrast = dependency_contrast(rows, columns, similarity, similarity > 0, temperature, sharpness)
    losses = {
        "electra": found["loss_generator"] + recording.size("replaced_token_factor") * found["loss_replaced"],
        "state": sum(of_passes, jnp.zeros(())) / 2,
        "dependency": contrast.mean(),
    }
    one = jnp.ones(())
    total = sum(
        (task_weighted(Sum(loss, one), a).mean() for loss, a in zip(losses.values(), weights, strict=True)), 0 * one
    )
    return (
        found
        | {f"loss_{name}": loss for name, loss in losses.items()}
        | {
            "similarity": l2_normalise(rows) @ l2_normalise(columns).T,
            "contrast_weights": dependency_weights(similarity, sharpness),
            "loss_total": total + task_penalty(weights),
        }
    )
