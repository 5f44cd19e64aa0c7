"""Learning rates by depth: layers near the words change less than layers near the task."""

from typing import Any

import jax
import jax.numpy as jnp
import optax

from space_jax.models.weights import parameter_path
from space_jax.tasks.config import FinetuneOptimiserConfig
from space_jax.training.optimiser import make_optimiser

_LAYERS, _EMBEDDING, _HEAD = "backbone/layers/", "backbone/embedding/", "head/"


def rate_of(path: str, leaf: Any, config: FinetuneOptimiserConfig, layers: int) -> Any:
    """The factor of a parameter's learning rate.

    layer i of n: decay^(n - 1 - i), embedding: decay^n, head: head_rate, everything else: 1

    Args:
      path: of the parameter.
      leaf: the parameter; those of the layers have a first axis of n layers.
      config: `layer_decay` and `head_rate`.
      layers: n.

    Returns:
      A number, or an array that broadcasts against the leaf.

    Source: Howard and Ruder, "ULMFiT", ACL 2018, section on discriminative fine-tuning.
    """
    if path.startswith(_HEAD):
        return config.head_rate
    if path.startswith(_EMBEDDING):
        return config.layer_decay**layers
    if path.startswith(_LAYERS):
        factors = config.layer_decay ** jnp.arange(layers - 1, -1, -1, dtype=jnp.float32)
        return factors.reshape(layers, *[1] * (leaf.ndim - 1))
    return 1.0


def make_finetune_optimiser(config: FinetuneOptimiserConfig, steps: int, layers: int) -> optax.GradientTransformation:
    """Pre-training's optimiser with the rates of `rate_of`.

    Args:
      config: of the optimiser.
      steps: of the whole run.
      layers: of the backbone.
    """

    def update(updates: Any, state: Any, _params: Any = None) -> tuple[Any, Any]:
        def scale(key_path: Any, leaf: jax.Array) -> jax.Array:
            return leaf * rate_of(parameter_path(key_path), leaf, config, layers)

        return jax.tree_util.tree_map_with_path(scale, updates), state

    scaled = optax.GradientTransformation(lambda _: optax.EmptyState(), update)
    return optax.chain(make_optimiser(config, max(steps, 1)), scaled)
