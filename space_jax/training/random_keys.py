"""Random keys by purpose: a key is a function of (seed, step, purpose, micro-batch), so that none has to be saved."""

import zlib

import jax
from jax.typing import ArrayLike

from space_jax.models.recipe import KEY_PURPOSES


def purpose_number(name: str) -> int:
    """The stable number of a purpose: CRC-32 of its name, so that adding a purpose changes no other key."""
    return zlib.crc32(name.encode())


def step_keys(seed: int, step: ArrayLike, micro_batch: ArrayLike) -> dict[str, jax.Array]:
    """The keys of one micro-batch of one step.

    Args:
      seed: the run's seed.
      step: scalar, steps done before this one.
      micro_batch: scalar, index within the step.

    Returns:
      A key for every name of `KEY_PURPOSES`.
    """
    base = jax.random.fold_in(jax.random.key(seed), step)
    keys = {name: jax.random.fold_in(base, purpose_number(name)) for name in KEY_PURPOSES}
    return {name: jax.random.fold_in(key, micro_batch) for name, key in keys.items()}
