"""Whatever a conversation needs is compiled before it begins."""

import threading
from types import SimpleNamespace

import numpy as np
import pytest

from space_jax.agent.warming import warm_up
from space_jax.tasks.dialogue.sequence import ACTS, RESPONSE, STATE


def test_no_answer_waits_for_the_compiler(agent):
    """Neither of one conversation nor of two side by side."""
    steps = list(agent.warm_up(together=2))
    assert steps == [(done, len(steps)) for done in range(1, len(steps) + 1)]
    programs = [getattr(agent._writer, name) for name in ("_read", "_write", "_compact")]
    compiled = [program._cache_size() for program in programs]

    def talk():  # a web server answers in another thread
        conversation = agent.conversation()
        for words in (1, 3, 9, 200, 1):
            texts = ["a hotel in the north " * words, "yes"]
            for count in (1, 2):
                streamed = agent.streams([conversation] * count, texts[:count])
                assert all("".join(one.pieces) for one in streamed)
            conversation = streamed[0].finish().conversation

    talking = threading.Thread(target=talk)
    talking.start()
    talking.join()
    assert [program._cache_size() for program in programs] == compiled


@pytest.mark.parametrize("parts", [(STATE, ACTS, RESPONSE), (STATE, RESPONSE), (ACTS, RESPONSE), (RESPONSE,)])
@pytest.mark.parametrize("piece", [4, 80])
@pytest.mark.parametrize("prompts", [0, 10])
def test_every_memory_that_is_followed_is_there(parts, piece, prompts):
    limits = {STATE: 120, ACTS: 60, RESPONSE: 80}
    rehearsed = set()

    def memory(size):
        return SimpleNamespace(segments=np.zeros((1, size)))

    def rehearse(before, part, limit, kept):
        assert limit == {**limits, RESPONSE: piece}[part]
        rehearsed.add((part, before.segments.shape[1]))
        return {size: memory(size) for size in kept}

    writer = SimpleNamespace(
        sequences=SimpleNamespace(config=SimpleNamespace(context_length=200), limits=limits),
        read=lambda contexts: memory(len(contexts[0]) + prompts),
        rehearse=rehearse,
    )
    steps = list(warm_up(writer, {part: piece if part == RESPONSE else limits[part] for part in parts}))
    assert steps[-1][0] == steps[-1][1] == len(steps)
    assert {(parts[0], length + prompts) for length in (64, 128, 192, 256)} <= rehearsed
    longest = 200 + prompts + 14 + sum(limits[part] for part in parts)
    assert (RESPONSE, -(-longest // 64) * 64) in rehearsed
