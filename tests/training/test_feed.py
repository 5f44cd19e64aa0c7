"""From process to mesh: what is counted, when the feed stops, and what does not divide."""

import jax
import numpy as np
import pytest

from space_jax.config import MeshConfig
from space_jax.errors import UserError
from space_jax.training import feed as feed_lib
from space_jax.training.feed import Feed, same_shape, to_mesh
from space_jax.training.mesh import make_mesh
from tests.training.toy import ToyIterator, micro, toy_batch


@pytest.fixture(scope="module")
def mesh():
    return make_mesh(MeshConfig(fsdp=2, tensor=2))


def test_a_delivery_is_the_batch_on_the_mesh(mesh):
    feed = Feed(ToyIterator(), mesh)
    for n in range(2):
        feed.draw()
        delivery = feed.take()
        expected = toy_batch(n)
        jax.tree.map(np.testing.assert_array_equal, jax.device_get(delivery.batch), expected)
        real = sum(int((grid.segments > 0).sum()) for grid in (expected.context, expected.response, expected.negative))
        assert delivery.tokens == real
        assert delivery.padding == pytest.approx(1 - real / (8 * (6 + 2 + 2)))
        assert (delivery.masked, delivery.lost) == (8, 0)  # one masked place a row
    assert delivery.batch.context.ids.sharding.spec == jax.sharding.PartitionSpec(None, ("data", "fsdp"))


def test_a_stop_of_any_process_stops_all_and_rows_follow_the_largest(mesh, monkeypatch):
    told = []

    class OtherProcess:
        def __init__(self, numbers):
            self.rows = np.stack([np.asarray(numbers), told[-1]])

        def read(self):
            return self.rows

    monkeypatch.setattr(feed_lib, "Exchange", OtherProcess)
    monkeypatch.setattr(feed_lib, "to_mesh", lambda batch, mesh: batch)
    feed = Feed(ToyIterator(), mesh)
    told.append([0, 1000, 50, 20, 12, 6, 2])
    feed.draw()
    delivery = feed.take()
    assert delivery.batch.context.ids.shape == (1, 12, 6)
    assert delivery.tokens > 1000
    assert (delivery.masked, delivery.lost) == (58, 20)
    told.append([1, 0, 0, 0, 8, 6, 2])
    feed.draw()
    assert feed.take() is None


def test_what_this_process_wants_is_told_with_its_batch(mesh):
    requests = iter([False, True])
    feed = Feed(ToyIterator(), mesh, stop=lambda: next(requests))
    feed.draw()
    assert feed.take() is not None
    feed.draw()
    assert feed.take() is None


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
        Feed(ToyIterator(before_batch=end), mesh).draw()


def test_batches_are_grown_to_the_same_shape():
    batches = same_shape([micro(toy_batch(0)), micro(toy_batch(1, rows=12))])
    assert [batch.context.ids.shape for batch in batches] == [(12, 6), (12, 6)]
    np.testing.assert_array_equal(batches[0].context.ids[:8], toy_batch(0).context.ids[0])
