"""The loss in chunks against the loss of whole logits, value and every gradient."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import NamedSharding, PartitionSpec

from space_jax.config import MeshConfig
from space_jax.losses import Sum, tied_cross_entropy, tied_predictions, token_cross_entropy
from space_jax.losses.tied_vocabulary import Split
from space_jax.scale.collectives import Traffic, collectives
from space_jax.training.mesh import make_mesh

RNG = np.random.default_rng(0)
ROWS, LENGTH, HIDDEN, VOCABULARY = 3, 7, 5, 11


def inputs(scale=1.0):
    def draw(*shape):
        return jnp.asarray(scale * RNG.normal(size=shape), jnp.float32)

    bias = draw(VOCABULARY).at[-1].set(-1e9)  # barred
    return draw(ROWS, LENGTH, HIDDEN), draw(VOCABULARY, HIDDEN), bias


def gradients(of_chunks, parts, targets, weights, positions=6):
    def loss(x, table, bias):
        if of_chunks:
            return Sum.of(tied_cross_entropy(x, table, bias, targets, weights != 0, positions), weights).mean()
        return token_cross_entropy(x @ table.T + bias[None, None], targets, weights).mean()

    return jax.tree.leaves(jax.value_and_grad(loss, argnums=(0, 1, 2))(*parts))


def some_weights():
    weights = RNG.random((ROWS, LENGTH)).astype(np.float32) * (RNG.random((ROWS, LENGTH)) < 0.6)
    weights[:, 5:] = 0  # the last chunk is never looked at
    return jnp.asarray(weights)


@pytest.mark.parametrize("positions", [1, 6, 9, 100])
@pytest.mark.parametrize("scale", [1.0, 30.0])
def test_equals_the_loss_of_whole_logits(positions, scale):
    parts, weights = inputs(scale), some_weights()
    targets = jnp.asarray(RNG.integers(0, VOCABULARY - 1, (ROWS, LENGTH)), jnp.int32)
    for ours, plain in zip(
        gradients(True, parts, targets, weights, positions), gradients(False, parts, targets, weights), strict=True
    ):
        np.testing.assert_allclose(ours, plain, rtol=1e-5, atol=1e-5 * scale)


@pytest.mark.parametrize("positions", [1, 6, 100])
def test_a_target_is_right_where_no_token_is_likelier(positions):
    (x, table, bias), counts = inputs(), some_weights() != 0
    likeliest = np.argmax(np.asarray(x @ table.T + bias[None, None]), axis=-1)
    shift = RNG.integers(0, 2, likeliest.shape)
    losses, right = tied_predictions(x, table, bias, jnp.asarray((likeliest + shift) % VOCABULARY), counts, positions)
    np.testing.assert_array_equal(right, np.asarray(counts) & (shift == 0))
    np.testing.assert_array_equal(np.asarray(losses) != 0, counts)


def test_nothing_to_predict_is_nothing():
    for array in gradients(True, inputs(), jnp.zeros((ROWS, LENGTH), jnp.int32), jnp.zeros((ROWS, LENGTH))):
        np.testing.assert_array_equal(array, 0)


def test_targets_outside_the_vocabulary_and_broken_vectors_that_do_not_count_leave_nothing():
    (x, table, bias), weights = inputs(), some_weights().at[0, 0].set(1.0).at[1, 1].set(0.0)
    targets = jnp.ones((ROWS, LENGTH), jnp.int32)
    outside = gradients(True, (x.at[1, 1].set(jnp.nan), table, bias), targets.at[0, 0].set(-100), weights)
    assert all(np.isfinite(array).all() for array in outside)
    np.testing.assert_array_equal(outside[1][0, 0], 0)
    np.testing.assert_array_equal(outside[1][1, 1], 0)


def test_numbers_of_another_kind_and_shape_are_refused():
    x, table, bias = inputs()
    counts = jnp.ones((ROWS, LENGTH), bool)
    with pytest.raises(TypeError, match="targets is float32"):
        tied_cross_entropy(x, table, bias, jnp.zeros((ROWS, LENGTH)), counts)
    with pytest.raises(ValueError, match="bias has shape"):
        tied_cross_entropy(x, table, bias[1:], jnp.zeros((ROWS, LENGTH), jnp.int32), counts)


DEVICES_ROWS, DEVICES_HIDDEN, DEVICES_VOCABULARY = 16, 8, 12


def spread(mesh, split, table_spec, dtype=jnp.float32):
    """The loss and its gradients as a function of (x, table, bias, targets, counts) on a mesh, compiled."""
    rows = PartitionSpec(("data", "fsdp"))
    specs = rows, table_spec, PartitionSpec(), rows, rows

    def loss(x, table, bias, targets, counts):
        losses, right = tied_predictions(
            x.astype(dtype), table.astype(dtype), bias, targets, counts, positions=6, split=split
        )
        return losses.sum(), right

    shardings = tuple(NamedSharding(mesh, spec) for spec in specs)
    gradients = tuple(NamedSharding(mesh, spec) for spec in specs[:3])
    step = jax.value_and_grad(loss, argnums=(0, 1, 2), has_aux=True)
    return jax.jit(step, in_shardings=shardings, out_shardings=(None, gradients))


def over_devices():
    draw = np.random.default_rng(1)
    x = draw.normal(size=(DEVICES_ROWS, LENGTH, DEVICES_HIDDEN)).astype(np.float32)
    table = draw.normal(size=(DEVICES_VOCABULARY, DEVICES_HIDDEN)).astype(np.float32)
    bias = draw.normal(size=DEVICES_VOCABULARY).astype(np.float32)
    bias[-3:] = -1e9  # barred: on the last of four devices, every token
    targets = draw.integers(0, DEVICES_VOCABULARY - 3, (DEVICES_ROWS, LENGTH)).astype(np.int32)
    counts = draw.random((DEVICES_ROWS, LENGTH)) < 0.6
    counts[:3] = False  # a device without anything to predict
    counts[3, 5:] = False  # and one that needs fewer chunks
    return x, table, bias, targets, counts


MESHES = {
    "data": ((8, 1, 1), Split(("data", "fsdp")), PartitionSpec()),
    "fsdp": ((2, 4, 1), Split(("data", "fsdp"), scattered=("fsdp",)), PartitionSpec(None, "fsdp")),
    "tensor": ((1, 2, 4), Split(("fsdp",), ("tensor",), ("fsdp",)), PartitionSpec("tensor", "fsdp")),
}


@pytest.mark.parametrize("name", MESHES)
def test_devices_that_share_rows_and_table_compute_the_same(name):
    sizes, split, table_spec = MESHES[name]
    arguments = over_devices()
    mesh = make_mesh(MeshConfig(data=sizes[0], fsdp=sizes[1], tensor=sizes[2]))
    with jax.set_mesh(mesh):
        compiled = spread(mesh, split, table_spec).lower(*arguments).compile()
        (value, right), gradients = jax.device_get(compiled(*arguments))
    alone = make_mesh(MeshConfig(), jax.devices()[:1])
    (expected, expected_right), of_one = jax.device_get(spread(alone, Split(), PartitionSpec())(*arguments))
    np.testing.assert_allclose(value, expected, rtol=1e-5)
    np.testing.assert_array_equal(right, expected_right)
    for ours, theirs in zip(gradients, of_one, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5 * np.abs(theirs).max())
    # Whatever the number of chunks, the table is fetched once in each direction and its gradient added once.
    sent = collectives(compiled.as_text())
    assert all(traffic.counted_once == 0 for traffic in sent.values())
    whole = DEVICES_VOCABULARY * DEVICES_HIDDEN * 4 // sizes[2]
    if name == "data":
        assert set(sent) == {"all-reduce"}
        assert sent["all-reduce"].bytes < 1.5 * whole
    else:
        assert sent["all-gather"].bytes <= 2 * whole
        assert sent["reduce-scatter"] == Traffic(1, whole)
