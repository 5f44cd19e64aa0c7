"""From process to mesh: what is counted, when the feed stops, and what does not divide."""

import jax
import numpy as np
import pytest

from space_jax.config import MeshConfig
from space_jax.errors import UserError
from space_jax.training import feed as feed_lib
from space_jax.training.agreement import gather_json, gather_numbers
from space_jax.training.feed import Feed, same_shape, to_mesh
from space_jax.training.mesh import make_mesh
from tests.training.toy import ToyIterator, micro, toy_batch


@pytest.fixture(scope="module")
def mesh():
    return make_mesh(MeshConfig(fsdp=2, tensor=2))


def test_a_delivery_is_the_batch_on_the_mesh_with_the_position_after_it(mesh):
    feed = Feed(ToyIterator(), mesh)
    assert feed.position() == {"n": 0}
    for n in range(2):
        delivery = feed.take(stop=False)
        expected = toy_batch(n)
        jax.tree.map(np.testing.assert_array_equal, jax.device_get(delivery.batch), expected)
        assert delivery.position == {"n": n + 1}
        real = sum(int((grid.segments > 0).sum()) for grid in (expected.context, expected.response, expected.negative))
        assert delivery.tokens == real
        assert delivery.padding == pytest.approx(1 - real / (8 * (6 + 2 + 2)))
        assert (delivery.masked, delivery.lost) == (8, 0)  # one masked place a row
    assert delivery.batch.context.ids.sharding.spec == jax.sharding.PartitionSpec(None, ("data", "fsdp"))


def test_a_stop_of_any_process_stops_all_and_rows_follow_the_largest(mesh, monkeypatch):
    told = []

    def another_process(numbers):
        return np.stack([np.asarray(numbers), told[-1]])

    monkeypatch.setattr(feed_lib, "gather_numbers", another_process)
    monkeypatch.setattr(feed_lib, "to_mesh", lambda batch, mesh: batch)
    feed = Feed(ToyIterator(), mesh)
    told.append([12, 6, 2, 0, 1000, 50, 20])
    delivery = feed.take(stop=False)
    assert delivery.batch.context.ids.shape == (1, 12, 6)
    assert delivery.tokens > 1000
    assert (delivery.masked, delivery.lost) == (58, 20)
    told.append([8, 6, 2, 1, 0, 0, 0])
    assert feed.take(stop=False) is None


def test_slots_count_from_the_first_row_of_all_processes(mesh, monkeypatch):
    monkeypatch.setattr(feed_lib, "batch_position", lambda mesh: (1, 2))
    placed = []
    monkeypatch.setattr(
        feed_lib.jax, "make_array_from_process_local_data", lambda sharding, array, shape: placed.append(shape) or array
    )
    batch = toy_batch(0)
    np.testing.assert_array_equal(to_mesh(batch, mesh).slot, batch.slot + 8)  # 8 rows of one slot lie before
    assert (1, 16, 6) in placed


def test_rows_and_examples_must_divide(mesh):
    with pytest.raises(UserError, match=r"6 rows of a micro-batch do not divide among the 4 parts .*remainder 2"):
        to_mesh(toy_batch(0, examples=6), mesh)
    with pytest.raises(UserError, match=r"6 examples of a micro-batch"):
        to_mesh(toy_batch(0, examples=6, rows=8), mesh)


def test_a_stream_that_ends_says_so(mesh):
    def end(n):
        raise StopIteration

    with pytest.raises(UserError, match="the stream ended"):
        Feed(ToyIterator(before_batch=end), mesh).take(stop=False)


def test_batches_are_grown_to_the_same_shape():
    batches = same_shape([micro(toy_batch(0)), micro(toy_batch(1, rows=12))])
    assert [batch.context.ids.shape for batch in batches] == [(12, 6), (12, 6)]
    np.testing.assert_array_equal(batches[0].context.ids[:8], toy_batch(0).context.ids[0])


def test_one_process_agrees_with_itself():
    np.testing.assert_array_equal(gather_numbers([3, 2**40]), [[3, 2**40]])
    assert gather_json({"n": 1}) == [{"n": 1}]
