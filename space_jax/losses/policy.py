"""SPACE-3's policy loss: pulls the policy vector before the response towards the understanding vector after it."""

import jax
import jax.numpy as jnp

from space_jax.losses.dtypes import check_shape, float32


@jax.jit
def policy_distance(policy: jax.Array, target: jax.Array) -> jax.Array:
    """Squared Euclidean distance between the policy vector and its target.

    loss_b = sum_h (policy_bh - target_bh)^2

    Both arguments receive a gradient; for a fixed target, apply `stop_gradient` before the call.

    >>> print(policy_distance(jnp.array([[1.0, 2.0]]), jnp.array([[0.0, 0.0]])))
    [5.]

    Args:
      policy: `[B, H]` float, the last policy prompt's output for the context.
      target: `[B, H]` float, the last understanding prompt's output for context and response.

    Returns:
      `[B]` float32.

    Raises:
      TypeError: an input is not float.
      ValueError: the shapes differ.

    Source: He et al., "SPACE-3", SIGIR 2022, section on the policy decoder (arXiv 2209.06664).
    """
    policy, target = float32(policy, "policy"), float32(target, "target")
    check_shape(target, policy.shape, "target")
    return jnp.sum(jnp.square(policy - target), axis=-1)
