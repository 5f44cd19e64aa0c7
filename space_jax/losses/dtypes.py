"""What the losses ask of their inputs: floats are computed in float32, anything else is refused rather than cast."""

import jax
import jax.numpy as jnp


def float32(array: jax.Array, name: str) -> jax.Array:
    """`array` in float32, the precision of every loss, whatever the models compute in.

    Raises:
      TypeError: `array` does not hold floating-point numbers.
    """
    array = jnp.asarray(array)
    if not jnp.issubdtype(array.dtype, jnp.floating):
        raise TypeError(f"{name} is {array.dtype}; a floating-point array is expected")
    return array.astype(jnp.float32)


def weights32(array: jax.Array, name: str) -> jax.Array:
    """A boolean or floating-point mask as float32 weights.

    Raises:
      TypeError: `array` holds something else.
    """
    array = jnp.asarray(array)
    return array.astype(jnp.float32) if array.dtype == jnp.bool_ else float32(array, name)


def integer(array: jax.Array, name: str) -> jax.Array:
    """`array`, once it is known to hold integers.

    Raises:
      TypeError: `array` holds something else.
    """
    array = jnp.asarray(array)
    if not jnp.issubdtype(array.dtype, jnp.integer):
        raise TypeError(f"{name} is {array.dtype}; an integer array is expected")
    return array


def boolean(array: jax.Array, name: str) -> jax.Array:
    """`array`, once it is known to hold booleans.

    Raises:
      TypeError: `array` holds something else.
    """
    array = jnp.asarray(array)
    if array.dtype != jnp.bool_:
        raise TypeError(f"{name} is {array.dtype}; a boolean array is expected")
    return array


def check_shape(array: jax.Array, shape: tuple[int, ...], name: str) -> None:
    """Refuses an array that would only fit by broadcasting.

    Raises:
      ValueError: `array` has another shape.
    """
    if array.shape != shape:
        raise ValueError(f"{name} has shape {array.shape}; {shape} is expected")
