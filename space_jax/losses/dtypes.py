"""Checks of the losses' inputs: floats are cast to float32; any other dtype mismatch is an error."""

import jax
import jax.numpy as jnp


def float32(array: jax.Array, name: str) -> jax.Array:
    """Casts to float32, the precision of every loss whatever dtype the models compute in.

    Raises:
      TypeError: `array` is not floating-point.
    """
    array = jnp.asarray(array)
    if not jnp.issubdtype(array.dtype, jnp.floating):
        raise TypeError(f"{name} is {array.dtype}; a floating-point array is expected")
    return array.astype(jnp.float32)


def weights32(array: jax.Array, name: str) -> jax.Array:
    """Casts a boolean or floating-point mask to float32 weights.

    Raises:
      TypeError: `array` has another dtype.
    """
    array = jnp.asarray(array)
    return array.astype(jnp.float32) if array.dtype == jnp.bool_ else float32(array, name)


def integer(array: jax.Array, name: str) -> jax.Array:
    """Checks that `array` holds integers and returns it.

    Raises:
      TypeError: `array` has another dtype.
    """
    array = jnp.asarray(array)
    if not jnp.issubdtype(array.dtype, jnp.integer):
        raise TypeError(f"{name} is {array.dtype}; an integer array is expected")
    return array


def boolean(array: jax.Array, name: str) -> jax.Array:
    """Checks that `array` holds booleans and returns it.

    Raises:
      TypeError: `array` has another dtype.
    """
    array = jnp.asarray(array)
    if array.dtype != jnp.bool_:
        raise TypeError(f"{name} is {array.dtype}; a boolean array is expected")
    return array


def check_shape(array: jax.Array, shape: tuple[int, ...], name: str) -> None:
    """Checks a shape exactly, so that nothing broadcasts by accident.

    Raises:
      ValueError: `array` has another shape.
    """
    if array.shape != shape:
        raise ValueError(f"{name} has shape {array.shape}; {shape} is expected")
