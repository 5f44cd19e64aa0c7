"""Texts in numbers, packed into a grid: the common part of all tasks' batches.

As in pre-training (`features/packing.py`) several examples share a row, separated by segment ids, so that short
utterances cost no padding. The number of rows comes from a ladder of few sizes, each of which is a program to compile.
"""

import dataclasses
from collections.abc import Sequence

import jax
import numpy as np
from flax import struct

from space_jax.features.batch import Array, Tokens, moved_slots
from space_jax.features.grid import GridShape
from space_jax.features.layout import wrappers
from space_jax.features.tokenizer import Tokenizer

SYSTEM_ROLE, USER_ROLE = 0, 1
_STEP = 8  # a rung is at most 1/8 above the one below


@dataclasses.dataclass(frozen=True, eq=False, slots=True)
class Encoded:
    """The tokens of one example, each `[n]` int32; see `features.batch.Tokens`."""

    ids: np.ndarray
    positions: np.ndarray
    roles: np.ndarray
    turns: np.ndarray

    def __len__(self) -> int:
        return len(self.ids)


@struct.dataclass
class TaskBatch:
    """One packed batch. R rows, S slots a row, B examples, L tokens a row.

    Attributes:
      context: tokens `[R, L]`.
      occupied: `[R, S]` bool, whether an example lies in the slot.
      slot: `[B]` int32, row * S + slot of each example; 0 where not `valid`.
      valid: `[B]` bool, False for the places that no example fills.
      rows: further arrays `[R, ...]` by name, such as labels of tokens.
      examples: further arrays `[B, ...]` by name, such as labels.
      places: arrays `[B, ...]` int32 by name, row * L + column of chosen tokens (`token_offsets.token_places`).
    """

    context: Tokens
    occupied: Array
    slot: Array
    valid: Array
    rows: dict[str, Array]
    examples: dict[str, Array]
    places: dict[str, Array]

    @property
    def shape(self) -> GridShape:
        """Rows, and columns of the contexts and of the targets, 0 of them for a task without."""
        targets = self.rows.get("target_segments")
        columns = 0 if targets is None else targets.shape[-1]
        return GridShape(self.occupied.shape[-2], self.context.ids.shape[-1], columns)

    @property
    def segments(self) -> tuple[Array, ...]:
        """Those of the contexts, and of the targets where a task has them."""
        targets = [self.rows["target_segments"]] if "target_segments" in self.rows else []
        return self.context.segments, *targets

    def grown(self, shape: GridShape) -> "TaskBatch":
        """See `PackedBatch.grown`; the columns of a task are always the same.

        Args:
          shape: with at least as many rows as there are.
        """
        missing, row_axis = shape.rows - self.shape.rows, self.occupied.ndim - 2
        assert missing >= 0, f"a batch of {self.shape} in {shape}"
        if not missing:
            return self

        def append(array: Array) -> Array:
            return np.pad(array, [(0, missing if axis == row_axis else 0) for axis in range(array.ndim)])

        context, rows = jax.tree.map(append, (self.context, self.rows))
        return dataclasses.replace(self, context=context, occupied=append(self.occupied), rows=rows)

    def behind(self, rows: int) -> "TaskBatch":
        """See `PackedBatch.behind`."""
        cells = np.int32(rows * self.context.ids.shape[-1])
        places = {name: np.asarray(array + cells, np.int32) for name, array in self.places.items()}
        return dataclasses.replace(self, slot=moved_slots(self, rows), places=places)

    def masked_and_lost(self) -> tuple[int, int]:
        """See `PackedBatch.masked_and_lost`; a token without a place in the loss is not masked."""
        return int(np.count_nonzero(self.rows.get("masked_weights", 0))), 0


@dataclasses.dataclass(frozen=True)
class Shape:
    """The static sizes of a grid: L tokens and S slots a row."""

    length: int
    slots: int


def dialogue_layout(
    tokenizer: Tokenizer, turns: Sequence[tuple[int, Sequence[int]]], length: int, recipe: str | None
) -> Encoded:
    """Turns as SPACE models read them (`features.layout`): wrapped, positions restart in each, the last is turn 1.

    Args:
      tokenizer: whose wrapping tokens are put in.
      turns: (role id, token ids) of each, the oldest first.
      length: of a longer dialogue the last tokens are kept.
      recipe: that pre-trained the weights, whose wrappers are put in; None for those of SPACE-2 and -3.
    """
    opening, closing, _ = wrappers(tokenizer.vocabulary(), recipe or "space3")
    ids = [[*opening[role], *tokens, *closing[role]] for role, tokens in turns]
    ages = range(len(turns), 0, -1)
    kept = slice(-length, None)
    return Encoded(
        ids=np.array([token for turn in ids for token in turn], np.int32)[kept],
        positions=np.concatenate([np.arange(len(turn), dtype=np.int32) for turn in ids])[kept],
        roles=np.repeat(np.array([role for role, _ in turns], np.int32), [len(turn) for turn in ids])[kept],
        turns=np.repeat(np.array(ages, np.int32), [len(turn) for turn in ids])[kept],
    )


def sentence_layout(tokenizer: Tokenizer, tokens: Sequence[int]) -> Encoded:
    """A text as BERT and its descendants read it: `[CLS] text [SEP]`, all of segment type 0."""
    ids = np.array([tokenizer.vocabulary().summary, *tokens, tokenizer.id_of("[SEP]")], np.int32)
    zeros = np.zeros(len(ids), np.int32)
    return Encoded(ids, np.arange(len(ids), dtype=np.int32), zeros, zeros)


def first_fit(needs: np.ndarray, room: Sequence[int], slots: int) -> list[list[int]]:
    """Assigns examples to rows: first-fit decreasing by the first need.

    Args:
      needs: `[N, K]` int, what each example takes of K kinds of room (context tokens, response tokens, ...).
      room: K, what a row has of each.
      slots: examples that a row can hold.

    Returns:
      The indices of the examples of each row; a function of the arguments alone.
    """
    needs = np.concatenate([np.asarray(needs).reshape(-1, len(room)), np.ones((len(needs), 1), int)], axis=1)
    assert (needs[:, :-1] <= np.array(room)).all(), f"an example that needs {needs.max(0)} in rows of {room}"
    left = np.tile(np.array([*room, slots]), (len(needs), 1))
    rows: list[list[int]] = [[] for _ in needs]
    for index in np.argsort(-needs[:, 0], kind="stable").tolist():
        row = int((left >= needs[index]).all(axis=1).argmax())
        left[row] -= needs[index]
        rows[row].append(index)
    return [row for row in rows if row]


def rung(rows: int) -> int:
    """The smallest number of rows on the ladder 1, 2, ..., 8, 9, 10, ..., 16, 18, ... that is at least `rows`."""
    step = 1
    while rows > 2 * _STEP * step:
        step *= 2
    return max(1, -(-rows // step) * step)


def pack(encoded: Sequence[Encoded], size: int, shape: Shape, placed: list[list[int]] | None = None) -> TaskBatch:
    """Packs contexts; a task adds its own arrays with `dataclasses.replace` and `fill`.

    Args:
      encoded: the examples, none longer than a row.
      size: B, at least their number.
      shape: of the grid.
      placed: from `first_fit`, where a task has more needs than context tokens.
    """
    assert len(encoded) <= size, f"{len(encoded)} examples for a batch of {size}"
    if placed is None:
        placed = first_fit(np.array([[len(one)] for one in encoded]).reshape(-1, 1), [shape.length], shape.slots)
    occupied = np.zeros((rung(len(placed)), shape.slots), bool)
    slot, valid = np.zeros(size, np.int32), np.arange(size) < len(encoded)
    for r, row in enumerate(placed):
        occupied[r, : len(row)] = True
        slot[row] = r * shape.slots + np.arange(len(row))
    numbers = [np.zeros(0, np.int32)] * len(encoded)
    for row in placed:
        for s, index in enumerate(row):
            numbers[index] = np.full(len(encoded[index]), s + 1, np.int32)
    rows = len(occupied)
    tokens = {
        name: fill([getattr(one, name) for one in encoded], placed, rows, shape.length)
        for name in ("ids", "positions", "roles", "turns")
    }
    context = Tokens(**tokens, segments=fill(numbers, placed, rows, shape.length))
    return TaskBatch(context, occupied, slot, valid, {}, {}, {})


def fill(parts: Sequence[np.ndarray], placed: list[list[int]], rows: int, length: int) -> np.ndarray:
    """The parts of the examples side by side in their rows: `[R, length]` of the parts' dtype, zeros after them."""
    grid = np.zeros((rows, length), parts[0].dtype if parts else np.int32)
    for row, indices in zip(grid, placed, strict=False):
        whole = np.concatenate([parts[index] for index in indices])
        row[: len(whole)] = whole
    return grid


def starts_of(encoded: Sequence[Encoded], placed: list[list[int]]) -> list[tuple[int, int]]:
    """(row, column) of the first token of each example."""
    starts = [(0, 0)] * len(encoded)
    for r, row in enumerate(placed):
        column = 0
        for index in row:
            starts[index] = (r, column)
            column += len(encoded[index])
    return starts
