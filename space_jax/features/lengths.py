"""Lengths of turns and examples in tokens, and the share of padding under several ways of batching them.

Lengths are those of the layout of SPACE-2 and SPACE-3 (`features.layout`), which wrap a turn in two tokens; SPACE-1's
turns are one token shorter.
"""

import dataclasses
import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from space_jax.config import DataConfig, Space3Config
from space_jax.dialogue.labels import example_turns
from space_jax.dialogue.record import Dialogue
from space_jax.features.example import Limits
from space_jax.features.grid import make_grid
from space_jax.features.layout import WRAPPERS
from space_jax.features.packing import choose
from space_jax.features.row_fitting import fit_rows
from space_jax.features.tokenizer import Tokenizer

SAMPLE = 4096
"""Examples in the uniform sample from which the padding is computed."""


@dataclasses.dataclass
class Lengths:
    """Token counts, in memory that does not grow with the corpus.

    Attributes:
      tokenizer: encodes the texts.
      limits: how much of a dialogue examples keep.
      tokens: role -> tokens.
      turns: tokens of a turn -> turns.
      contexts, responses: tokens of an example's context or response, with wrappers -> examples; 0 without a response.
      sample: (context, response) of at most `SAMPLE` examples.
    """

    tokenizer: Tokenizer
    limits: Limits = dataclasses.field(default_factory=Limits)
    tokens: Counter[str] = dataclasses.field(default_factory=Counter)
    turns: Counter[int] = dataclasses.field(default_factory=Counter)
    contexts: Counter[int] = dataclasses.field(default_factory=Counter)
    responses: Counter[int] = dataclasses.field(default_factory=Counter)
    sample: list[tuple[int, int]] = dataclasses.field(default_factory=list)

    def __post_init__(self) -> None:
        self._rng = np.random.default_rng(0)

    def measured(self, dialogues: Iterable[Dialogue]) -> Iterator[Dialogue]:
        """Yields the dialogues unchanged while counting them."""
        for dialogue in dialogues:
            self._add(dialogue)
            yield dialogue

    def _add(self, dialogue: Dialogue) -> None:
        lengths = [len(self.tokenizer.encode(turn.text)) for turn in dialogue.turns]
        for turn, length in zip(dialogue.turns, lengths, strict=True):
            self.tokens[turn.role] += length
            self.turns[length] += 1
        kept = [min(length, self.limits.max_turn_tokens) + WRAPPERS for length in lengths]
        for wanted in example_turns(dialogue):
            context = sum(kept[max(0, wanted.context - self.limits.max_turns) : wanted.context])
            response = 0 if wanted.response is None else kept[wanted.context] - self._unclosed(lengths[wanted.context])
            self.contexts[context] += 1
            self.responses[response] += 1
            self._draw((context, response))

    def _unclosed(self, length: int) -> int:
        """The number of closing tokens missing from a response of `length` tokens: 1 if it is truncated."""
        return int(length > self.limits.max_turn_tokens)

    def _draw(self, example: tuple[int, int]) -> None:
        """Reservoir sampling: every example so far is equally likely to be in the sample."""
        if len(self.sample) < SAMPLE:
            self.sample.append(example)
            return
        index = int(self._rng.integers(self.contexts.total()))
        if index < SAMPLE:
            self.sample[index] = example

    def as_json(self, batch_sizes: Sequence[int]) -> dict[str, Any]:
        """The counts, and the padding with the default grid, as a JSON value."""
        data = DataConfig()
        return {
            "tokens": dict(self.tokens),
            "turn_tokens": _sorted(self.turns),
            "context_tokens": _sorted(self.contexts),
            "response_tokens": _sorted(self.responses),
            "cut": {
                f"turns of more than {self.limits.max_turn_tokens} tokens": _share(
                    self.turns, self.limits.max_turn_tokens
                ),
                f"contexts of more than {data.context_length} tokens": _share(self.contexts, data.context_length),
            },
            "padding": [padding(self.sample, size, data, self.limits) for size in batch_sizes],
        }


def padding(sample: Sequence[tuple[int, int]], batch_size: int, data: DataConfig, limits: Limits) -> dict[str, Any]:
    """The share of padding in context and response grids together, over all full batches of a sample.

    Args:
      sample: tokens of context and response of each example.
      batch_size: examples per batch; an incomplete last batch is omitted unless it is the only one.
      data: lengths, slots and grids.
      limits: of the examples.

    Returns:
      `batch_size` and the shares: `packed` on the grids of the configuration, as training does; `packed_tightest` with
      as few rows of full length as possible; `to_longest`, one example per row, padded to the longest of the batch;
      `fixed`, one example per row of the grid's length.
    """
    grid = make_grid(data, Space3Config(), batch_size, limits.max_turn_tokens)
    needs = np.array(sample, np.int64).reshape(-1, 2)
    needs = np.minimum(needs[np.random.default_rng(0).permutation(len(needs))], [data.context_length, 10**9])
    room = (data.context_length, data.response_length)
    real = packed = tightest = longest = fixed = 0
    for start in range(0, max(1, len(needs) - batch_size + 1), batch_size):
        batch = needs[start : start + batch_size]
        if not len(batch):
            break
        real += int(batch.sum())
        packed += choose([np.pad(batch, [(0, 0), (0, 1)])], grid)[0].cells
        rows = next(rows for rows in itertools.count(1) if fit_rows(batch, room, rows, grid.slots) is not None)
        tightest += rows * sum(room)
        longest += len(batch) * int(batch.max(axis=0).sum())
        fixed += len(batch) * sum(room)
    sizes = {"packed": packed, "packed_tightest": tightest, "to_longest": longest, "fixed": fixed}
    return {"batch_size": batch_size, **{name: 1 - real / size if size else 0.0 for name, size in sizes.items()}}


def _share(lengths: Counter[int], limit: int) -> float:
    above = sum(count for length, count in lengths.items() if length > limit)
    return above / lengths.total() if lengths else 0.0


def _sorted(lengths: Counter[int]) -> dict[str, int]:
    return {str(length): lengths[length] for length in sorted(lengths)}
