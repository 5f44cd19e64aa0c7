"""The model as the agent uses it: reads contexts, writes stretches of text, many dialogues at a time.

Programs are compiled once for each bucket: rows are padded to the next power of two, contexts, given tokens and memory
to the next multiple of a step.
"""

import functools
import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

import jax
import numpy as np

from space_jax.config import require_seed
from space_jax.decoding.cache import compacted
from space_jax.decoding.generate import Generated, Given, generate, generate_by_beam
from space_jax.decoding.sampling import GREEDY, Sampling
from space_jax.errors import UserError
from space_jax.features.batch import Tokens
from space_jax.models.kv_cache import KVCache
from space_jax.tasks.dialogue.sequence import PARTS, STATE
from space_jax.tasks.dialogue.task import DialogueTask
from space_jax.tasks.text_packing import Encoded

CONTEXT_STEP, GIVEN_STEP, MEMORY_STEP = 64, 16, 64


class Writer:
    """A trained model with a way of choosing tokens.

    Args:
      task: of the run.
      params: of the model.
      sampling: how the tokens of acts and responses are chosen; of a belief state it is the likeliest.
      seed: of the choices; each stretch has a key of its own.
      beam: hypotheses of a beam search, which replaces choosing token by token; 1: none.

    Attributes:
      written: tokens so far.

    Raises:
      UserError: a beam of nothing, of more than all tokens, or beside sampling; no seed.
    """

    def __init__(
        self, task: DialogueTask, params: Any, sampling: Sampling = GREEDY, seed: int = 0, beam: int = 1
    ) -> None:
        if not 1 <= beam <= task.model.vocabulary.size:
            raise UserError(f"beam: expected 1 to {task.model.vocabulary.size} hypotheses, one a token, found {beam}")
        if beam > 1 and sampling.temperature > 0:
            raise UserError(f"beam: {beam} hypotheses and a temperature of {sampling.temperature} exclude one another")
        require_seed(seed, "seed")
        self.task, self.params, self.sequences, self.beam = task, params, task.sequences, beam
        self._sampling, self._key, self._drawn = sampling, jax.random.key(seed), 0
        self.written = 0
        self._read = jax.jit(self._traced_read)
        self._write = jax.jit(self._traced_write, static_argnames=("part", "limit"))
        self._compact = jax.jit(compacted, static_argnames="places")
        special = set(task.tokenizer.vocabulary().special)
        self._barred = {part: tuple(sorted(special - {self.sequences.closing[part]})) for part in PARTS}

    def read(self, contexts: Sequence[Encoded]) -> KVCache:
        """Reads contexts, one a row; the memory has rows to spare."""
        rows = power_of_two(len(contexts))
        length = rounded(max(map(len, contexts)), CONTEXT_STEP)

        def grid(name: str) -> np.ndarray:
            filled = np.zeros((rows, length), np.int32)
            for row, one in zip(filled, contexts, strict=False):
                row[: len(one)] = getattr(one, name)
            return filled

        lengths = np.array([*map(len, contexts), *[0] * (rows - len(contexts))])
        segments = (np.arange(length) < lengths[:, None]).astype(np.int32)
        tokens = Tokens(grid("ids"), grid("positions"), grid("roles"), grid("turns"), segments)
        return self._read(self.params, tokens, (lengths > 0)[:, None])

    def write(
        self,
        memory: KVCache,
        part: str,
        given: Sequence[Sequence[int]],
        begin: Sequence[int],
        active: Sequence[bool],
        limit: int | None = None,
    ) -> tuple[list[list[int]], KVCache]:
        """Writes one part of each row.

        Args:
          memory: of R rows, at least as many as there are `given`.
          part: "state", "acts" or "response".
          given: the tokens before it, at least one a row.
          begin: the position of the first of them, unless it opens a part.
          active: whether to write in a row; the given tokens enter the memory in any case.
          limit: of the tokens, the closing mark included; that of the part if None.

        Returns:
          The tokens of each row without the closing mark, and the memory grown by them.
        """
        rows = len(memory.segments)
        width = rounded(max(map(len, given)), GIVEN_STEP)
        ids, present = np.zeros((rows, width), np.int32), np.zeros((rows, width), bool)
        for row, tokens in enumerate(given):
            ids[row, width - len(tokens) :], present[row, width - len(tokens) :] = tokens, True
        starts, wanted = np.zeros(rows, np.int32), np.zeros(rows, bool)
        starts[: len(begin)], wanted[: len(active)] = begin, active
        self._drawn += 1
        key = jax.random.fold_in(self._key, self._drawn)
        limit = limit or self.sequences.limits[part]
        before = Given(ids, present, starts)  # type: ignore[arg-type]
        grown = self._write(self.params, memory, before, wanted, key, part=part, limit=limit)
        tokens, counts, segments = jax.device_get((grown.tokens, grown.counts, grown.memory.segments))
        self.written += int(counts.sum())
        places = rounded(int((segments > 0).sum(axis=1).max()), MEMORY_STEP)
        after = self._compact(grown.memory, places=places)
        return [tokens[row, : counts[row]].tolist() for row in range(len(given))], after

    def rehearse(self, memory: KVCache, part: str, limit: int, kept: Iterable[int]) -> dict[int, KVCache]:
        """Compiles what `write` runs for so many rows, by running it without writing anything.

        Args:
          memory: of R rows.
          part: as in `write`, for given tokens that fit `GIVEN_STEP`.
          limit: as in `write`.
          kept: numbers of places that the memory may have afterwards.

        Returns:
          Places -> a memory of so many.
        """
        rows = len(memory.segments)
        idle, key = np.zeros(rows, bool), jax.random.fold_in(self._key, 0)
        last = np.tile(np.arange(GIVEN_STEP) == GIVEN_STEP - 1, (rows, 1))
        given = Given(np.zeros((rows, GIVEN_STEP), np.int32), last, np.zeros(rows, np.int32))  # type: ignore[arg-type]
        grown = self._write(self.params, memory, given, idle, key, part=part, limit=limit)
        return {places: self._compact(grown.memory, places=places) for places in kept}

    def fingerprint(self) -> str:
        """A name of the parameters."""
        digest = hashlib.sha256()
        for leaf in jax.tree.leaves(self.params):
            digest.update(np.ascontiguousarray(leaf).tobytes())
        return digest.hexdigest()[:16]

    def text(self, tokens: Sequence[int]) -> str:
        """The words of tokens."""
        return self.task.tokenizer.decode(list(tokens))

    def _traced_read(self, params: Any, tokens: Tokens, occupied: jax.Array) -> KVCache:
        return self.task.module.apply({"params": params}, tokens, occupied, method="read")[1]

    def _traced_write(
        self,
        params: Any,
        memory: KVCache,
        given: Given,
        active: jax.Array,
        key: jax.Array,
        part: str,
        limit: int,
    ) -> Generated:
        next_token = functools.partial(self.task.module.apply, {"params": params}, method="write")
        opening, closing = tuple(self.sequences.opening.values()), self.sequences.closing[part]
        stretch = (next_token, memory, given, closing, limit, opening)
        if self.beam > 1:
            return generate_by_beam(*stretch, self.beam, self._barred[part], active)
        sampling = GREEDY if part == STATE else self._sampling
        return generate(*stretch, sampling, key, self._barred[part], active)


def power_of_two(count: int) -> int:
    """The smallest power of two that is at least `count`."""
    return 1 << max(0, count - 1).bit_length()


def rounded(count: int, step: int) -> int:
    """The next multiple of a step."""
    return -(-count // step) * step
