"""The batch: B examples packed into a grid of R rows.

Token-level arrays are `[R, L]` and identify the example by a segment id local to the row (0 is padding, s + 1 the
example in slot s), so that all data about a token stay in its row and a row on its device. Example-level arrays are
`[B, ...]`; `slot` gives an example's position in the grid. All arrays are NumPy on the host and become jax.Array when
the training loop puts them on the mesh.
"""

import dataclasses
from typing import Any, Protocol, Self

import jax
import numpy as np
from flax import struct

from space_jax.features.grid import GridShape

Array = Any  # np.ndarray on the host, jax.Array on a device


class PackedBatch(Protocol):
    """The interface of a batch for training: `Batch` in pre-training, `tasks.text_packing.TaskBatch` in tasks.

    Arrays may have a leading axis of micro-batches.
    """

    @property
    def occupied(self) -> Array:
        """`[R, S]` bool, whether the slot holds an example."""

    @property
    def slot(self) -> Array:
        """`[B]` int32, row * S + slot of each example."""

    @property
    def valid(self) -> Array:
        """`[B]` bool, whether the example counts."""

    @property
    def shape(self) -> GridShape:
        """The sizes that vary between batches of a run; each shape needs its own compiled program."""

    @property
    def segments(self) -> tuple[Array, ...]:
        """The segment ids of every token grid, 0 for padding."""

    def grown(self, shape: GridShape) -> Self:
        """The batch padded with empty rows and columns to a common shape."""

    def masked_and_lost(self) -> tuple[int, int]:
        """Numbers of masked tokens, and of those left out of the loss because their row has too many."""

    def behind(self, rows: int) -> Self:
        """The batch placed after `rows` rows of other processes: `slot` counts from the first row of all processes."""


def moved_slots(batch: PackedBatch, rows: int) -> np.ndarray:
    """`slot` of a batch that follows `rows` other rows."""
    return np.asarray(batch.slot + np.int32(rows * batch.occupied.shape[-1]), np.int32)


def count_tokens(batch: PackedBatch) -> int:
    """The number of tokens in all grids, without padding."""
    return sum(int(np.count_nonzero(segments)) for segments in batch.segments)


def padding_share(batch: PackedBatch) -> float:
    """The share of padding over all grids."""
    return 1.0 - count_tokens(batch) / sum(segments.size for segments in batch.segments)


@struct.dataclass
class Tokens:
    """A grid of tokens, each `[R, L]` int32.

    Attributes:
      ids: token ids.
      positions: 0, 1, ... within the turn.
      roles: 0 system, 1 user.
      turns: distance to the response (0 the response, 1 the last context turn, ...).
      segments: 0 for padding, slot + 1 otherwise; the tokens of one example are contiguous and in order.
    """

    ids: Array
    positions: Array
    roles: Array
    turns: Array
    segments: Array


@struct.dataclass
class SlotGrid:
    """The slots of a schema in the contexts of a batch. C slots per row, those of an example after one another.

    Attributes:
      numbers: `[R, L]` int32, the slot of each token, from 1 within the row; 0 for a token of the dialogue.
      roles: `[R, C]` int32, of `dialogue.slot_roles.SLOT_ROLES`; 0 where there is no slot.
      there: `[R, C]` bool, whether there is a slot.
    """

    numbers: Array
    roles: Array
    there: Array


MASKED_RESPONSE = ("response_masked_ids", "response_masked_weights")
"""The fields of `Batch` with the masked response."""


@struct.dataclass
class Batch:
    """One packed batch. R rows, S slots per row, B examples, L and Lr lengths, M masked positions per row.

    Attributes:
      context: tokens `[R, L]` of the contexts.
      response: tokens `[R, Lr]` of the responses, each in the row and slot of its context; none for an example
        without a response.
      negative: like `response`, with the response of another example; drawn for SPACE-1's selection and StructBERT's
        order of turns.
      masked_ids: `[R, L]` int32, `context.ids` after masking.
      masked_positions: `[R, M]` int32, the column of each masked token.
      masked_targets: `[R, M]` int32, its original id.
      masked_weights: `[R, M]` float32, 1 for a masked token and 0 for an unused position.
      moved: `[R, M]` bool, whether the token was put in another place rather than masked (StructBERT).
      occupied: `[R, S]` bool, whether the slot holds an example.
      slot: `[B]` int32, row * S + slot of each example (0 where not `valid`).
      valid: `[B]` bool, False for the padding examples in the last batch of an evaluation.
      acts_known, user_tree_known, system_tree_known: `[B]` bool, which annotations of an example are known.
      user_words, response_words: `[B, T]` int32, tokens of the last user turn and of the response with their
        `<sos>`/`<eos>`, padded with -1.
      user_tree, system_tree: `[B, 10, K]` int32, hashed elements of the ten views of the last user turn and of the
        response; 0 is padding. All 0 where unknown.
      acts: `[B, 20]` float32, the unified dialog acts of the response, 0 or 1; 0 where unknown.
      dialogue: `[B]` int32, a hash of the dialogue's id.
      response_masked_ids: `[R, Lr]` int32, `response.ids` after masking; `[R, 0]` for recipes that mask no response.
      response_masked_weights: `[R, Lr]` float32, 1 for a token of the response that is predicted; else likewise.
      variant: `[B]` int32, what was drawn for the example by a recipe that sees each in one of several ways; else 0.
      slots: the schemas within the contexts; None for recipes that have none.
    """

    context: Tokens
    response: Tokens
    negative: Tokens
    masked_ids: Array
    masked_positions: Array
    masked_targets: Array
    masked_weights: Array
    moved: Array
    occupied: Array
    slot: Array
    valid: Array
    acts_known: Array
    user_tree_known: Array
    system_tree_known: Array
    user_words: Array
    response_words: Array
    user_tree: Array
    system_tree: Array
    acts: Array
    dialogue: Array
    variant: Array
    response_masked_ids: Array
    response_masked_weights: Array
    slots: SlotGrid | None = None

    @property
    def shape(self) -> GridShape:
        """Rows, context columns and response columns."""
        return GridShape(self.occupied.shape[-2], self.context.ids.shape[-1], self.response.ids.shape[-1])

    @property
    def segments(self) -> tuple[Array, ...]:
        """The segment ids of the context, response and negative grids."""
        return self.context.segments, self.response.segments, self.negative.segments

    def grown(self, shape: GridShape) -> "Batch":
        """See `PackedBatch.grown`. Segments are local to a row and `slot` counts from the first row: neither changes.

        Args:
          shape: the new shape, at least as large as the present one in every dimension.
        """
        present = self.shape
        if shape == present:
            return self
        assert all(new >= old for new, old in zip(shape, present, strict=True)), f"a batch of {present} in {shape}"
        row_axis = self.occupied.ndim - 2

        def append(array: Array, columns: int) -> Array:
            widths = [(0, 0)] * row_axis + [(0, shape.rows - present.rows), (0, columns)]
            return np.pad(array, widths)

        def append_tokens(tokens: Tokens, columns: int) -> Tokens:
            return jax.tree.map(lambda array: append(array, columns if array.shape[-1] else 0), tokens)

        context, response = shape.context - present.context, shape.response - present.response
        row_arrays = ("masked_positions", "masked_targets", "masked_weights", "moved", "occupied")
        return dataclasses.replace(
            self,
            context=append_tokens(self.context, context),
            response=append_tokens(self.response, response),
            negative=append_tokens(self.negative, response),  # an empty grid stays empty
            masked_ids=append(self.masked_ids, context),
            slots=None
            if self.slots is None
            else SlotGrid(
                append(self.slots.numbers, context), append(self.slots.roles, 0), append(self.slots.there, 0)
            ),
            **{name: append_tokens(getattr(self, name), response) for name in MASKED_RESPONSE},
            **{name: append(getattr(self, name), 0) for name in row_arrays},
        )

    def behind(self, rows: int) -> "Batch":
        """See `PackedBatch.behind`."""
        return dataclasses.replace(self, slot=moved_slots(self, rows))

    def masked_and_lost(self) -> tuple[int, int]:
        """See `PackedBatch.masked_and_lost`: a row can hold M masked tokens."""
        lost = np.array(self.masked_ids != self.context.ids)
        *leading, columns = np.nonzero(self.masked_weights)
        lost[(*leading, self.masked_positions[(*leading, columns)])] = False
        count = int(np.count_nonzero(lost))
        return count + len(columns), count


def micro_batches(batch: Batch) -> list[Batch]:
    """Splits a batch `[A, ...]` into micro-batches without the axis A."""
    return [jax.tree.map(lambda array, a=a: array[a], batch) for a in range(batch.valid.shape[0])]


def measured_unlabelled(dialogue: Array) -> Array:
    """Whether held-out losses treat a dialogue's examples as unlabelled, so that both streams are measured.

    Args:
      dialogue: hash of the dialogue's id, an int or an array.
    """
    return dialogue % 2 == 1
