"""The adversarial term of a task: how much its predictions change after one step uphill in the word embeddings.

  e1 = e + noise;  g = d divergence(p(e), p(e1)) / d e1;  e2 = e1 + step(g);  term = divergence(p(e), p(e2))

All passes have the same dropout, so that nothing but the embeddings differs. The gradient for the parameters flows
through p(e) and p(e2) only. Source: see `losses.adversarial`.
"""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from space_jax.losses import Sum, adversarial_step, divergence_by_classes
from space_jax.models.recipe import Keys, Terms
from space_jax.tasks.adversarial.config import AdversarialConfig


class Scored(NamedTuple):
    """Predictions over C classes.

    Attributes:
      logits: `[..., C]` float32.
      weights: `[...]`, 0 where a prediction does not count.
    """

    logits: jax.Array
    weights: jax.Array


Predictions = dict[str, Scored]
"""The predictions of a task by name."""


def binary(logits: jax.Array, weights: jax.Array) -> Scored:
    """Yes-or-no predictions, logits `[...]`, as two classes each."""
    return Scored(jnp.stack([jnp.zeros_like(logits), logits], axis=-1), weights)


def adversarial_coefficients(config: AdversarialConfig, names: Iterable[str]) -> dict[str, float]:
    """The factors of the terms, one for each of a task's predictions; none for a weight of 0."""
    return {f"adversarial/{name}": config.weight for name in names} if config.weight else {}


def noisy(params: Any, noise: jax.Array | None) -> dict[str, Any]:
    """The variables with which `tasks.encoder.Encoder` adds noise `[R, L, H]` to the word embeddings of contexts."""
    return {"params": params} if noise is None else {"params": params, "noise": {"words": noise}}


def adversarial_terms(
    config: AdversarialConfig,
    predict: Callable[[Any, jax.Array], Predictions],
    params: Any,
    clean: Predictions,
    segments: jax.Array,
    hidden: int,
    keys: Keys,
) -> Terms:
    """The terms of `adversarial_coefficients`.

    Args:
      config: weight and sizes.
      predict: parameters and noise `[R, L, H]` -> predictions, under the dropout of `clean`.
      params: of the task.
      clean: the predictions without noise.
      segments: `[R, L]`, the example of each token.
      hidden: H.
      keys: has "adversarial_noise"; without keys there is no noise, and no step either, for the gradient is 0.
    """
    if not config.weight:
        return {}
    shape = (*segments.shape, hidden)
    noise = config.sigma * jax.random.normal(keys["adversarial_noise"], shape) if keys else jnp.zeros(shape)
    # Detached before they are used: the gradient for the noise is not itself differentiated.
    start, still = jax.lax.stop_gradient((params, clean))

    def distance(noise: jax.Array) -> jax.Array:
        return sum((one.total for one in _divergences(still, predict(start, noise)).values()), start=jnp.zeros(()))

    step = adversarial_step(jax.grad(distance)(noise), segments, config.step, config.bound)
    return _divergences(clean, predict(params, jax.lax.stop_gradient(noise + step)))


def _divergences(clean: Predictions, moved: Predictions) -> Terms:
    return {
        f"adversarial/{name}": Sum.of(divergence_by_classes(one.logits, moved[name].logits), one.weights)
        for name, one in clean.items()
    }
