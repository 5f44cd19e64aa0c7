"""AdamW with linear warm-up, linear decay to zero and clipping by the global norm."""

from typing import Any

import jax
import jax.numpy as jnp
import optax

from space_jax.config import OptimiserConfig
from space_jax.models.modules import frozen, require_modules
from space_jax.models.weights import by_path, parameter_path


def learning_rate_schedule(config: OptimiserConfig, steps: int) -> optax.Schedule:
    """The learning rate of step k = 0, 1, ..., `steps` - 1.

    peak * min(k / warm, (steps - k) / (steps - warm), 1), with warm = round(warmup_share * steps): the first step of a
    warm-up has rate 0, and the rate would reach 0 again at step `steps`, as in the published runs.
    """
    warm = round(config.warmup_share * steps)

    def schedule(count: Any) -> jax.Array:
        k = jnp.asarray(count, jnp.float32)
        falling = (steps - k) / max(steps - warm, 1)
        rising = k / warm if warm else jnp.ones_like(k)
        return config.learning_rate * jnp.clip(jnp.minimum(rising, falling), 0.0, 1.0)

    return schedule


def decay_mask(params: Any) -> Any:
    """True for the parameters with weight decay: all but biases, LayerNorm scales and the weights of tasks."""

    def decays(path: Any, _leaf: Any) -> bool:
        parts = parameter_path(path).lower().split("/")
        return not (
            parts[-1].endswith(("bias", "biases"))
            or parts[-1] in ("scale", "task_weights")
            or any("norm" in part for part in parts)
        )

    return jax.tree_util.tree_map_with_path(decays, params)


def make_optimiser(config: OptimiserConfig, steps: int) -> optax.GradientTransformation:
    """Clip by the global norm, then AdamW (Loshchilov and Hutter, ICLR 2019, decoupled weight decay).

    The gradients of frozen modules are no part of the norm, and their updates are zero.
    """
    steps_taken = _clipped_adamw(config, steps)
    if not config.freeze:
        return steps_taken
    return optax.chain(_zero_where_frozen(config.freeze), steps_taken, _zero_where_frozen(config.freeze))


def _zero_where_frozen(modules: tuple[str, ...]) -> optax.GradientTransformation:
    """Sets the updates of some modules to zero."""

    def update(updates: Any, state: Any, _params: Any = None) -> tuple[Any, Any]:
        def held(path: Any, leaf: jax.Array) -> jax.Array:
            return jnp.zeros_like(leaf) if frozen(parameter_path(path), modules) else leaf

        return jax.tree_util.tree_map_with_path(held, updates), state

    return optax.GradientTransformation(lambda _: optax.EmptyState(), update)


def require_frozen(config: OptimiserConfig, params: Any) -> None:
    """Checks that a model has the modules that are to be frozen.

    Args:
      config: of the optimiser.
      params: of the model, or their shapes.

    Raises:
      UserError: it lacks one; with the modules that it has.
    """
    require_modules(by_path(params), config.freeze, "config field optimiser.freeze")


def _clipped_adamw(config: OptimiserConfig, steps: int) -> optax.GradientTransformation:
    return optax.chain(
        optax.clip_by_global_norm(config.clip_norm),
        optax.adamw(
            learning_rate_schedule(config, steps),
            b1=config.beta1,
            b2=config.beta2,
            eps=config.epsilon,
            weight_decay=config.weight_decay,
            mask=decay_mask,
        ),
    )
