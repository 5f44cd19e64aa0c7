"""Batches: who comes while the model is at work goes together, in order, and nobody waits for nobody."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from space_jax.serving.batching import Batcher, answered
from space_jax.serving.refusal import RefusedError


def run(scenario, answer, size=4, limit=16):
    """Runs a scenario with a batcher, and gives its batches."""
    batches = []

    def noted(parts):
        batches.append(list(parts))
        return answer(parts)

    async def all_of_it():
        with ThreadPoolExecutor(1) as executor:
            batcher = Batcher(noted, executor, size, limit)
            running = asyncio.create_task(batcher.run())
            try:
                await scenario(batcher)
            finally:
                running.cancel()

    asyncio.run(all_of_it())
    return batches


def doubled(parts):
    return [2 * part for part in parts]


class Held:
    """Doubles, but not before it may go on."""

    def __init__(self):
        self.begun, self.going = threading.Event(), threading.Event()

    def __call__(self, parts):
        self.begun.set()
        self.going.wait()
        return doubled(parts)


def test_requests_that_come_together_go_together_and_in_order():
    async def scenario(batcher):
        answers = await asyncio.gather(batcher.ask([1]), batcher.ask([2, 3]), batcher.ask([4, 5, 6]))
        assert answers == [[2], [4, 6], [8, 10, 12]]
        assert await batcher.ask([]) == []
        assert await batcher.ask([7]) == [14]

    assert run(scenario, doubled) == [[1, 2, 3, 4], [5, 6], [7]]


def test_what_comes_while_the_model_is_at_work_is_the_next_batch():
    slow = Held()

    async def scenario(batcher):
        first = asyncio.create_task(batcher.ask([1]))
        await asyncio.to_thread(slow.begun.wait)
        others = [asyncio.create_task(batcher.ask([part])) for part in (2, 3)]
        while batcher.waiting < 2:
            await asyncio.sleep(0)
        slow.going.set()
        assert await asyncio.gather(first, *others) == [[2], [4], [6]]

    assert run(scenario, slow) == [[1], [2, 3]]


def test_a_request_that_was_given_up_is_left_out():
    slow = Held()

    async def scenario(batcher):
        first = asyncio.create_task(batcher.ask([1]))
        await asyncio.to_thread(slow.begun.wait)
        given_up, kept = asyncio.create_task(batcher.ask([2])), asyncio.create_task(batcher.ask([3]))
        while batcher.waiting < 2:
            await asyncio.sleep(0)
        given_up.cancel()
        first.cancel()  # of this one the model is at work already
        slow.going.set()
        assert await kept == [6]

    assert run(scenario, slow) == [[1], [3]]


def test_too_many_are_refused_whole_and_the_rest_is_served():
    async def scenario(batcher):
        waiting = asyncio.create_task(batcher.ask([1, 2]))
        await asyncio.sleep(0)
        with pytest.raises(RefusedError, match="2 inputs wait already, of at most 3") as refused:
            await batcher.ask([3, 4])
        assert refused.value.status == 429
        assert await waiting == [2, 4]

    assert run(scenario, doubled, limit=3) == [[1, 2]]


def test_more_than_may_ever_wait_are_no_matter_of_patience():
    async def scenario(batcher):
        with pytest.raises(RefusedError, match="at most 3 inputs, as many as may wait, found 4") as refused:
            await batcher.ask([1, 2, 3, 4])
        assert (refused.value.status, refused.value.headers) == (422, {})

    assert run(scenario, doubled, limit=3) == []


def test_of_a_batch_that_fails_each_part_is_tried_alone():
    def answer(parts):
        return [12 // part for part in parts]

    assert answered(answer, [1, 2]) == [12, 6]
    one, two, three = answered(answer, [3, 0, 4])
    assert (one, three) == (4, 3)
    assert isinstance(two, ZeroDivisionError)
    (wrong,) = answered(lambda parts: [], [1])
    assert isinstance(wrong, AssertionError)
