"""SPACE-1's dialog-act prediction and the gate that weights its consistency on unlabelled dialogues."""

import jax
import jax.numpy as jnp

from space_jax.losses.dtypes import check_shape, float32, weights32

_SMALLEST_ENTROPY = 1e-30  # its log is finite in float32 and drives the gate far above its ceiling of 1.


@jax.jit
def dialog_act(logits: jax.Array, acts: jax.Array) -> jax.Array:
    """Binary cross-entropy of every act, averaged over the acts; several acts may be present at once.

    loss_b = -1/A * sum_a [ act_ba * log sigmoid(logit_ba) + (1 - act_ba) * log sigmoid(-logit_ba) ]

    >>> print(dialog_act(jnp.zeros((1, 20)), jnp.zeros((1, 20))).round(2))
    [0.69]

    Args:
      logits: `[B, A]` float.
      acts: `[B, A]` float or bool, 0 or 1.

    Returns:
      `[B]` float32, to be averaged over labelled examples only.

    Raises:
      TypeError: `logits` is not float, or `acts` neither float nor bool.
      ValueError: the shapes differ.

    Source: He et al., "GALAXY", AAAI 2022, section on dialog act prediction (arXiv 2111.14592).
    """
    logits, acts = float32(logits, "logits"), weights32(acts, "acts")
    check_shape(acts, logits.shape, "acts")
    # log(1 - sigmoid(x)) = log sigmoid(-x); only the second form survives large logits.
    likelihood = acts * jax.nn.log_sigmoid(logits) + (1.0 - acts) * jax.nn.log_sigmoid(-logits)
    return -jnp.mean(likelihood, axis=-1)


@jax.jit
def entropy_gate(logits: jax.Array) -> jax.Array:
    """How certain the model is of an unlabelled example: 1 for a sharp distribution over acts, 0 for a flat one.

    gate_b = clip((E_max - E_b - log E_b) / E_max, 0, 1),  E_b = entropy of softmax(logit_b),  E_max = log A

    No gradient flows through the gate. As E falls to 0, -log E grows without bound, so the gate is 1 there.

    >>> print(entropy_gate(jnp.array([[100.0, 0.0, 0.0], [0.0, 0.0, 0.0]])))
    [1. 0.]

    Args:
      logits: `[B, A]` float, A at least 2.

    Returns:
      `[B]` float32 between 0 and 1.

    Raises:
      TypeError: `logits` is not float.
      ValueError: there are fewer than two acts, so E_max is 0 or undefined.

    Source: GALAXY, section on semi-supervised consistency, the gating function.
    """
    logits = float32(logits, "logits")
    acts = logits.shape[-1]
    if acts < 2:
        raise ValueError(f"logits has {acts} acts; at least 2 are expected")
    log_p = jax.nn.log_softmax(jax.lax.stop_gradient(logits), axis=-1)
    entropy = -jnp.sum(jnp.exp(log_p) * log_p, axis=-1)
    largest = jnp.log(jnp.float32(acts))
    gate = (largest - entropy - jnp.log(jnp.maximum(entropy, _SMALLEST_ENTROPY))) / largest
    return jnp.clip(gate, 0.0, 1.0)
