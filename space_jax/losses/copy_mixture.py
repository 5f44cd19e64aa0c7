"""Words that are generated or copied from a source: the mixture of two distributions under a gate.

P(w) = g P_vocabulary(w) + (1 - g) sum of the attention on the places of the source that hold w

Source: Bi et al., "PALM", EMNLP 2020 (arXiv 2004.07159), section on pointer generation, after See et al., "Get To The
Point", ACL 2017 (arXiv 1704.04368). The released code puts the summed attention through a softmax over the whole
vocabulary first, so that nearly all of 1 - g is spread evenly: those functions are named `as_released`.
"""

import jax
import jax.numpy as jnp

from space_jax.losses.dtypes import check_shape, float32, integer

_LEAST = 1e-30  # below it a probability counts as 0, whose logarithm has no gradient


def _log(probability: jax.Array) -> jax.Array:
    """The logarithm; -inf with gradient 0 where the probability is 0."""
    nothing = probability < _LEAST
    return jnp.where(nothing, -jnp.inf, jnp.log(jnp.where(nothing, 1.0, probability)))


def _mixed(log_p: jax.Array, gate: jax.Array, log_copied: jax.Array) -> jax.Array:
    """log(g exp(log_p) + (1 - g) exp(log_copied)), where the second may be -inf."""
    generated, copied = _log(gate) + log_p, _log(1.0 - gate) + log_copied
    both = jnp.isfinite(generated) & jnp.isfinite(copied)
    sum_of_both = jnp.logaddexp(jnp.where(both, generated, 0.0), jnp.where(both, copied, 0.0))
    return jnp.where(both, sum_of_both, jnp.maximum(generated, copied))


@jax.jit
def mixture_of_targets(
    log_p: jax.Array, gate: jax.Array, share: jax.Array, source: jax.Array, targets: jax.Array
) -> jax.Array:
    """The log-probability of each target under the mixture, with nothing of the vocabulary's size.

    log P(y_t) = log(g_t p_t + (1 - g_t) sum_{s: source_s = y_t} share_ts)

    >>> half = jnp.full((1, 1), 0.5)
    >>> print(jnp.exp(mixture_of_targets(jnp.log(half), half, jnp.ones((1, 1, 1)), jnp.array([[7]]), jnp.array([[7]]))))
    [[0.75]]

    Args:
      log_p: `[R, T]` float, log-probability of the target when generated.
      gate: `[R, T]` float in [0, 1], the share of generating.
      share: `[R, T, S]` float, attention on the source, summing to 1 or, where there is nothing to copy, to 0.
      source: `[R, S]` int, the source's ids; a negative one is never copied.
      targets: `[R, T]` int.

    Returns:
      `[R, T]` float32; where a row's share is all 0, `log_p`.

    Raises:
      TypeError: an input is of another kind.
      ValueError: the shapes do not fit.
    """
    log_p, gate, share = float32(log_p, "log_p"), float32(gate, "gate"), float32(share, "share")
    source, targets = integer(source, "source"), integer(targets, "targets")
    for array, name in ((gate, "gate"), (targets, "targets"), (share[..., 0], "share, but for its last axis,")):
        check_shape(array, log_p.shape, name)
    same = (targets[:, :, None] == source[:, None, :]) & (source[:, None, :] >= 0)
    return _mixed(log_p, _certain(gate, share), _log(jnp.where(same, share, 0.0).sum(-1)))


def _certain(gate: jax.Array, share: jax.Array) -> jax.Array:
    """The gate, 1 where there is nothing to copy."""
    return jnp.where((share > 0).any(-1), gate, 1.0)


def _copied(share: jax.Array, source: jax.Array, vocabulary: int) -> jax.Array:
    """The attention on the places of each token: `[R, T, S]`, `[R, S]` -> `[R, T, V]`."""
    rows, length = share.shape[:2]
    row, place = jnp.arange(rows)[:, None, None], jnp.arange(length)[None, :, None]
    counted = jnp.where(source[:, None] >= 0, share, 0.0)
    return jnp.zeros((rows, length, vocabulary)).at[row, place, jnp.maximum(source, 0)[:, None]].add(counted)


@jax.jit
def mixture_log_probs(log_p: jax.Array, gate: jax.Array, share: jax.Array, source: jax.Array) -> jax.Array:
    """The mixture of every token, `[R, T, V]`; arguments as for `mixture_of_targets`, but `log_p` `[R, T, V]`.

    >>> row = jnp.log(jnp.array([[[0.5, 0.5, 0.0]]]))
    >>> print(jnp.exp(mixture_log_probs(row, jnp.full((1, 1), 0.5), jnp.ones((1, 1, 1)), jnp.array([[2]]))))
    [[[0.25 0.25 0.5 ]]]
    """
    copied = _copied(share, source, log_p.shape[-1])
    gates = jnp.broadcast_to(_certain(gate, share)[..., None], log_p.shape)
    return _mixed(log_p, gates, _log(copied))


@jax.jit
def as_released_log_probs(log_p: jax.Array, gate: jax.Array, share: jax.Array, source: jax.Array) -> jax.Array:
    """The released mixture of every token; arguments and result as for `mixture_log_probs`.

    P(w) = g P_vocabulary(w) + (1 - g) softmax over all w of (sum of the attention on the places that hold w)

    >>> flat = jnp.log(jnp.full((1, 1, 4), 0.25))
    >>> log_p = as_released_log_probs(flat, jnp.zeros((1, 1)), jnp.ones((1, 1, 1)), jnp.array([[2]]))
    >>> print((100 * jnp.exp(log_p)).round(1))
    [[[17.5 17.5 47.5 17.5]]]
    """
    copied = jax.nn.log_softmax(_copied(share, source, log_p.shape[-1]))
    return _mixed(log_p, jnp.broadcast_to(gate[..., None], log_p.shape), copied)


@jax.jit
def as_released_of_targets(
    log_p: jax.Array, gate: jax.Array, share: jax.Array, source: jax.Array, targets: jax.Array, vocabulary: jax.Array
) -> jax.Array:
    """`as_released_log_probs` of the targets alone, with nothing of the vocabulary's size.

    The sum over the vocabulary has a term exp(c_w) for each different token of the source and 1 for every other one.

    Args:
      log_p: see `mixture_of_targets`, as for the other arguments.
      gate: see there.
      share: see there.
      source: see there.
      targets: see there.
      vocabulary: scalar int, the number of tokens.

    Returns:
      `[R, T]` float32.
    """
    log_p, gate, share = float32(log_p, "log_p"), float32(gate, "gate"), float32(share, "share")
    real = source >= 0
    alike = (source[:, :, None] == source[:, None, :]) & real[:, :, None] & real[:, None, :]
    first = real & (jnp.argmax(alike, axis=2) == jnp.arange(source.shape[1])[None])
    sums = jnp.einsum("RTS,RSZ->RTZ", share, alike.astype(jnp.float32))  # of the token at each place
    extra = jnp.where(jnp.broadcast_to(first[:, None], sums.shape), jnp.expm1(sums), 0.0).sum(-1)
    same = (targets[:, :, None] == source[:, None, :]) & real[:, None, :]
    copied = jnp.where(same, share, 0.0).sum(-1) - jnp.log(vocabulary + extra)
    return _mixed(log_p, gate, copied)
