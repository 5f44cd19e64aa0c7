"""Matrix products counted by hand: plain, batched, in loops, branches and rematerialised functions."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from space_jax.losses.tied_vocabulary import tied_cross_entropy
from space_jax.scale.flops import product_flops

A, B = jnp.zeros((4, 8)), jnp.zeros((8, 16))
ONE = 2 * 4 * 8 * 16


def count(function, *arguments):
    return product_flops(jax.make_jaxpr(function)(*arguments))


def test_a_product_and_its_gradient():
    assert count(lambda a, b: a @ b + 1, A, B) == ONE
    assert count(jax.grad(lambda a, b: (a @ b).sum(), argnums=(0, 1)), A, B) == 3 * ONE


def test_batched():
    assert count(lambda a, b: jnp.einsum("RLH,RMH->RLM", a, b), jnp.zeros((3, 4, 8)), jnp.zeros((3, 5, 8))) == (
        2 * 3 * 4 * 5 * 8
    )


def test_loops_turn_and_the_largest_branch_counts():
    def scanned(a, b):
        return jax.lax.scan(lambda carry, _: (carry, (a @ b).sum()), 0.0, None, length=7)

    assert count(scanned, A, B) == 7 * ONE
    assert count(lambda p, a, b: jax.lax.cond(p, lambda: a @ b, lambda: a @ (b @ b.T @ b)), True, A, B) == (
        2 * 8 * 16 * 8 + 2 * 8 * 8 * 16 + ONE
    )


def test_a_loop_that_ends_by_data_counts_the_most_turns_that_its_condition_names():
    def looped(a, b, wanted, most):
        def more(state):
            return (state[0] < wanted) & (most is None or state[0] < most)

        def turn(state):
            return state[0] + 1, jnp.sin(a @ b) + state[1]

        return jax.lax.while_loop(more, turn, (0, jnp.zeros((4, 16))))

    assert count(lambda a, b, n: looped(a, b, n, 5), A, B, 3) == 5 * ONE
    assert count(lambda a, b: looped(a, b, 3, 5), A, B) == 3 * ONE  # both are known
    assert count(lambda a, n: jax.lax.fori_loop(0, n, lambda _, a: a + 1, a), A, 3) == 0  # nothing to count
    with pytest.raises(ValueError, match="unknown length"):
        count(lambda a, b, n: looped(a, b, n, None), A, B, 3)


@pytest.mark.parametrize(("rows", "chunks"), [(2, 1), (200, 5), (600, 10)])
def test_the_loss_over_the_vocabulary_counts_every_chunk(rows, chunks):
    """512 positions at a time: 10 columns of 200 rows are five chunks of two, and products are those of all columns."""
    length, hidden, vocabulary = 10, 8, 32
    x, table = jnp.zeros((rows, length, hidden)), jnp.zeros((vocabulary, hidden))
    targets, counts = jnp.zeros((rows, length), jnp.int32), jnp.ones((rows, length), bool)

    def loss(x, table):
        return tied_cross_entropy(x, table, jnp.zeros(vocabulary), targets, counts).sum()

    width = -(-length // chunks)
    one = 2 * rows * width * chunks * hidden * vocabulary
    assert count(loss, x, table) == one
    # The backward pass computes the logits again, and two products for the gradients.
    assert count(jax.grad(loss, argnums=(0, 1)), x, table) == 4 * one


def test_inside_jit_and_remat():
    def f(a, b):
        return jax.jit(jax.checkpoint(lambda a, b: jnp.sin(a @ b)))(a, b).sum()

    assert count(f, A, B) == ONE
    assert count(jax.grad(f, argnums=(0, 1)), A, B) == 4 * ONE  # the product is computed again


def test_one_device_of_a_mapped_function_stands_for_all():
    mesh = jax.make_mesh((8,), ("x",), axis_types=(jax.sharding.AxisType.Auto,))
    spec = jax.P("x")
    mapped = jax.shard_map(lambda a, b: a @ b, mesh=mesh, in_specs=(spec, jax.P()), out_specs=spec)
    assert count(mapped, jnp.zeros((16, 8)), B) == 2 * 16 * 8 * 16
    assert np.isclose(count(lambda a: a + 1, A), 0)
