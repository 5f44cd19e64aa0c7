"""Some turns of a batch, the anchors, against all of its turns: a device's share, or what fits into memory at a time.

A loss over pairs of turns takes `anchors`, `[b]` int indices into the batch, and then returns the losses of those
alone; None stands for every turn of the batch in order.
"""

import jax
import jax.numpy as jnp


def of_anchors(array: jax.Array, anchors: jax.Array | None, axis: int = 0) -> jax.Array:
    """The anchors' part of `array` `[..., B, ...]` along `axis`: `[..., b, ...]`."""
    return array if anchors is None else jnp.take(array, anchors, axis=axis, mode="clip")


def with_itself(examples: int, anchors: jax.Array | None) -> jax.Array:
    """`[b, B]` bool, which pair of an anchor and one of `examples` turns is a turn with itself."""
    if anchors is None:
        return jnp.eye(examples, dtype=bool)
    return anchors[:, None] == jnp.arange(examples)[None, :]
