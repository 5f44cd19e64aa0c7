"""Compiles ahead what the turns of conversations need, so that no answer waits for the compiler."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from space_jax.agent.writer import CONTEXT_STEP, GIVEN_STEP, MEMORY_STEP, Writer, rounded
from space_jax.models.kv_cache import KVCache
from space_jax.tasks.dialogue.config import PART_MARKS
from space_jax.tasks.dialogue.sequence import RESPONSE
from space_jax.tasks.text_packing import Encoded


def warm_up(writer: Writer, written: Mapping[str, int], together: int = 1) -> Iterator[tuple[int, int]]:
    """Compiles every program, by running each on nothing.

    Args:
      writer: the model.
      written: part -> the limit that `Writer.write` will be given for it, in the order of a turn.
      together: conversations side by side.

    Yields:
      After each program, how many there are so far and how many in all.
    """
    parts, contexts, memories, done = list(written), dict[int, KVCache](), dict[int, KVCache](), 0
    lengths = _multiples(writer.sequences.config.context_length, CONTEXT_STEP)

    def rehearse(part: str, memory: KVCache, size: int) -> None:
        most = memory.segments.shape[1] + GIVEN_STEP + written[part]
        sizes = (one for one in _multiples(most, MEMORY_STEP) if one >= size)
        memories.update(writer.rehearse(memory, part, written[part], sizes))

    for length in lengths:
        nothing = np.zeros(length, np.int32)
        contexts[length] = writer.read([Encoded(nothing, nothing, nothing, nothing)] * together)
        prompts = contexts[length].segments.shape[1] - length
        later = list(_later(writer, parts, prompts))
        done, total = done + 1, 2 * len(lengths) + len(later)
        yield done, total
    for length, memory in contexts.items():
        rehearse(parts[0], memory, length)
        done += 1
        yield done, total
    for part, size in later:
        rehearse(part, memories[size], size)
        done += 1
        yield done, total


def _later(writer: Writer, parts: Sequence[str], prompts: int) -> Iterator[tuple[str, int]]:
    """The parts after the first, and a response after its first tokens, with the sizes of the memories before."""
    reach = writer.sequences.config.context_length + prompts + PART_MARKS
    for part in parts:
        after = reach + writer.sequences.limits[part]
        most = after if part == RESPONSE else reach if part != parts[0] else 0
        yield from ((part, size) for size in _multiples(most, MEMORY_STEP))
        reach = after


def _multiples(most: int, step: int) -> range:
    """The multiples of a step to which counts from 1 to `most` are rounded."""
    return range(step, rounded(most, step) + 1, step)
