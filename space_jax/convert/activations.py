"""Our arrays for a recorded batch, under the names of the recording (`convert.recording`).

Every array of a recording is either one of these names, or an input (`GIVEN`):

  mlm_probs [B, S, V], dec_probs [B, T - 1, V]   probabilities of the masked tokens and of each next response token
  features [B, 2, (10,) D], post_features        normalised vectors of both views, of the context and with the response
  policy, post_policy [B, H]                     the policy vector and its target
  qbow_probs, rbow_probs [B, V]                  bag-of-words distributions of the user's turn and of the response
  scores_0 ... scores_9, qscores, rscores [B, B] tree similarities: by view; combined, of user turns and responses
  metric_label_*, metric_nolabel_*               loss terms with and without labels: `x` = sum / B, `token_x` = mean
                                                 over tokens, `x_num` = tokens
  grad:<key>                                     gradient of the labelled loss for a published parameter
  joint_act_logits, joint_act_probs [B, 20]      dialog acts of SPACE-1; filter_scores [B] the entropy gate
  gates_p, kl_plain, kl_gated                    gate of the logits kl_p, and their consistency with kl_q
  beam<n>_<prompted|plain>_tokens, _scores       beam search of size n after the prompts or after the context alone
"""

import functools
import re
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from space_jax.convert.mapping import space_keys, to_theirs
from space_jax.convert.recording import Recording
from space_jax.decoding.beam import beam_search
from space_jax.dialogue.trees import VIEWS
from space_jax.errors import UserError
from space_jax.losses import (
    combined_similarity,
    entropy_gate,
    l2_normalise,
    symmetric_kl,
    view_similarities,
)
from space_jax.losses.contrast import subspace_features
from space_jax.models.kv_cache import KVCache
from space_jax.models.recipe import Generator, Terms, total_loss
from space_jax.models.weights import by_path, without_vocabulary_padding

Arrays = dict[str, np.ndarray]

GIVEN = frozenset({"act_index", "tag", "kl_p", "kl_q"})
"""Recorded arrays that were inputs of the published code."""

_GENERATED = re.compile(r"beam(\d+)_(prompted|plain)_(tokens|scores)")
_STREAMS = (("label", "labelled", True), ("nolabel", "unlabelled", False))
# Ours -> theirs. A term over tokens is recorded in three forms, a term over examples in one.
_TOKEN_TERMS = {"masked": ("mlm", "mlm_num"), "response": ("nll", "token_num")}
_TOKEN_TERMS |= {"words_user": ("qbow", "qbow_num"), "words_system": ("rbow", "rbow_num")}
_EXAMPLE_TERMS = {"contrast": "con", "contrast_user": "qcon", "contrast_system": "rcon", "policy_system": "mmd"}


def compute(recording: Recording, given: Arrays) -> Arrays:
    """All our arrays for the batch.

    Args:
      recording: weights and batch.
      given: recorded arrays that the computation starts from; of responses only their shapes are read.
    """
    of_recipe = {"space1": _space1, "space2": _space2, "space3": _space3}
    activations = jax.jit(functools.partial(of_recipe[recording.name], recording, given))
    computed = activations(recording.params)
    if recording.name != "space1":  # for which the published code records no losses
        computed |= _losses(recording)
    return {name: np.asarray(array) for name, array in computed.items()}


def _space1(recording: Recording, given: Arrays, params: Any) -> dict[str, Any]:
    apply, batch = _apply(recording, params), recording.batch(labelled=True)
    reading = apply("read", batch)
    logits, _ = apply("respond", batch.response, reading.memory)
    computed = {
        "joint_act_logits": reading.act_logits,
        "joint_act_probs": jax.nn.sigmoid(reading.act_logits),
        "filter_scores": entropy_gate(reading.act_logits),
        "dec_probs": _probabilities(logits, recording)[:, :-1],
    }
    if {"kl_p", "kl_q"} <= given.keys() and given["kl_p"].shape == given["kl_q"].shape:
        p, q = jnp.asarray(given["kl_p"]), jnp.asarray(given["kl_q"])
        gates, divergence = entropy_gate(p), symmetric_kl(p, q)
        computed |= {"gates_p": gates, "kl_plain": divergence.mean(), "kl_gated": (divergence * gates).mean()}
    return computed


def _space2(recording: Recording, _: Arrays, params: Any) -> dict[str, Any]:
    apply, batch = _apply(recording, params), recording.batch(labelled=True)
    kernels, biases = (params["subspaces"][name] for name in ("kernels", "biases"))
    summary = apply("summarise", batch)
    features = jnp.swapaxes(subspace_features(summary[None], kernels, biases)[:, 0], 0, 1)  # [B, W, D]
    similarities = view_similarities(batch.user_tree)
    return {
        "mlm_probs": _probabilities(apply("score_masked", batch), recording),
        "features": jnp.stack([features, features], axis=1),
        **{f"scores_{view}": similarities[view] for view in range(len(VIEWS))},
    }


def _space3(recording: Recording, given: Arrays, params: Any) -> dict[str, Any]:
    apply, batch = _apply(recording, params), recording.batch(labelled=True)
    view = apply("view", batch)
    policy, memory = apply("decide", view.memory, batch.occupied)
    logits, _ = apply("respond", batch.response, memory)
    masked = apply("score_masked", batch.context, batch.masked_ids, batch.masked_positions)
    user, system = l2_normalise(view.user_pooled), l2_normalise(view.system_pooled)
    memories = {"prompted": memory, "plain": apply("encode", batch.context)[1]}
    return {
        "mlm_probs": _probabilities(masked, recording),
        "dec_probs": _probabilities(logits, recording)[:, :-1],
        "policy": policy[:, 0],
        "post_policy": view.system,
        "features": jnp.stack([user, user], axis=1),
        "post_features": jnp.stack([system, system], axis=1),
        "qbow_probs": _probabilities(apply("score_words", view.user), recording),
        "rbow_probs": _probabilities(apply("score_words", view.system), recording),
        "qscores": combined_similarity(batch.user_tree),
        "rscores": combined_similarity(batch.system_tree),
        **_generated(recording, given, params, memories),
    }


def _apply(recording: Recording, params: Any) -> Callable[..., Any]:
    # Each of the three recipes has a model; the protocol does not declare it.
    model = recording.recipe.model  # type: ignore[attr-defined]
    return lambda method, *arguments: model.apply({"params": params}, *arguments, method=method)


def _probabilities(logits: jax.Array, recording: Recording) -> jax.Array:
    return jax.nn.softmax(logits)[..., : recording.config.vocabulary.size]


def _losses(recording: Recording) -> dict[str, Any]:
    """The loss terms of both streams, and the gradients of the labelled one."""
    recipe = recording.recipe
    batches = {labelled: recording.batch(labelled) for _, _, labelled in _STREAMS}

    def loss(params: Any, batch: Any) -> tuple[jax.Array, Terms]:
        partial = recipe.forward(params, batch, {})
        terms = recipe.finish(partial.terms, jax.tree.map(lambda x: x[None], partial.features))
        return total_loss(terms, recipe.coefficients), terms

    differentiated = jax.jit(jax.value_and_grad(loss, has_aux=True))
    computed: dict[str, Any] = {}
    for theirs, stream, labelled in _STREAMS:
        (value, terms), gradient = differentiated(recording.params, batches[labelled])
        computed[f"metric_{theirs}_loss"] = value
        computed |= _metrics(f"metric_{theirs}_", stream, terms, len(batches[labelled].valid))
        if labelled:
            plain = without_vocabulary_padding(by_path(gradient), recording.config.vocabulary.size)
            published = to_theirs(plain, space_keys, recording.config.heads)
            computed |= {f"grad:{key}": array for key, array in published.items()}
    return computed


def _metrics(prefix: str, stream: str, terms: Terms, examples: int) -> dict[str, Any]:
    computed: dict[str, Any] = {}
    for ours, (name, count) in _TOKEN_TERMS.items():
        if f"{ours}/{stream}" in terms:
            term = terms[f"{ours}/{stream}"]
            computed |= {f"{prefix}{name}": term.total / examples, f"{prefix}token_{name}": term.mean()}
            computed[f"{prefix}{count}"] = term.weight
    for ours, name in _EXAMPLE_TERMS.items():
        if f"{ours}/{stream}" in terms:
            computed[f"{prefix}{name}"] = terms[f"{ours}/{stream}"].mean()
    return computed


def _generated(recording: Recording, given: Arrays, params: Any, memories: dict[str, KVCache]) -> dict[str, Any]:
    """The responses whose recordings are among `given`; the first of their tokens is the opening token."""
    recipe, ids = recording.recipe, recording.ids
    assert isinstance(recipe, Generator)
    computed: dict[str, Any] = {}
    for name, array in given.items():
        match = _GENERATED.fullmatch(name)
        if match is None or match[3] != "tokens":
            continue
        size, kind, limit = int(match[1]), match[2], array.shape[1] - 1
        if size < 1 or limit < 1 or not len(array):
            raise UserError(f"--outputs: {name} holds no responses")
        step = lambda tokens, memory: recipe.next_token(params, tokens, memory)  # noqa: E731
        first = int(array[0, 0])
        beam = beam_search(step, memories[kind], first, ids["end"], limit, size, (ids["unknown"],))
        start = jnp.full((len(array), 1), first, jnp.int32)
        computed[name] = jnp.concatenate([start, beam.tokens], axis=1)
        computed[f"beam{size}_{kind}_scores"] = beam.scores
    return computed
