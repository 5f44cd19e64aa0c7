"""The static sizes of a packed batch: a `Grid` with a ladder of a few shapes, one compiled program per shape."""

import dataclasses
import math
from typing import NamedTuple

from space_jax.config import (
    DataConfig,
    RecipeConfig,
    Space1Config,
    StarConfig,
    StructBertConfig,
    VecoConfig,
    YuYanConfig,
)
from space_jax.errors import UserError
from space_jax.features.layout import WRAPPERS


class GridShape(NamedTuple):
    """A shape: R rows, L columns of the context, Lr of the response."""

    rows: int
    context: int
    response: int

    @property
    def cells(self) -> int:
        """The number of tokens that the rung can hold."""
        return self.rows * (self.context + self.response)

    def covers(self, other: "GridShape") -> bool:
        """Whether it is at least as large in every dimension, so that a batch of the other grows into it."""
        return all(mine >= its for mine, its in zip(self, other, strict=True))

    def __str__(self) -> str:
        """For example `16 rows of 256 + 64 tokens`."""
        return f"{self.rows} rows of {self.context}" + (f" + {self.response}" if self.response else "") + " tokens"


@dataclasses.dataclass(frozen=True)
class Grid:
    """The sizes of one micro-batch on one process.

    Attributes:
      examples: B.
      rungs: the shapes to choose from, in ascending size; the last holds any batch, see `ladder`.
      slots: S, examples per row.
      masked: M, masked positions per row that enter the loss.
      words: T, tokens per turn including its wrappers, and of the text that YuYan writes.
      tree_elements: K.
      negatives: whether there is a grid of negative responses; otherwise it is `[R, 0]`.
      masked_responses: likewise of responses after masking.
      schema: C, slots of a schema per row; 0 for recipes that have none.
    """

    examples: int
    rungs: tuple[GridShape, ...]
    slots: int
    masked: int
    words: int
    tree_elements: int
    negatives: bool
    masked_responses: bool = False
    schema: int = 0

    @property
    def uncovered(self) -> tuple[GridShape, ...]:
        """The rungs that no other rung covers: no step of the run is larger than each of these in a dimension."""
        return tuple(a for a in self.rungs if not any(b != a and b.covers(a) for b in self.rungs))

    def smallest(self, rows: int) -> GridShape:
        """The smallest rung with at least `rows` rows."""
        return next(rung for rung in self.rungs if rung.rows >= rows)


def ladder(data: DataConfig, examples: int, row_multiple: int = 1) -> tuple[GridShape, ...]:
    """The distinct shapes of a configuration in ascending size.

    The last has a row for every example and holds the longest context and response, so that any batch fits; larger ones
    would never be chosen and are omitted.

    Args:
      data: its `row_ladder` and `grids`. Rows are ceil(share * B), rounded up to a multiple of `row_multiple`.
      examples: B.
      row_multiple: the number of rows is a multiple of this, usually the number of devices that share them.
    """

    def rows(share: float) -> int:
        return max(1, math.ceil(round(share * examples, 6) / row_multiple)) * row_multiple

    full = data.context_length, data.response_length
    rungs = {GridShape(rows(share), *full) for share in data.row_ladder}
    rungs |= {GridShape(rows(share), context, response) for share, context, response in data.grids}
    safe = GridShape(rows(1.0), *full)
    return (*sorted((rung for rung in rungs if rung.cells < safe.cells), key=lambda rung: (rung.cells, rung)), safe)


def make_grid(
    data: DataConfig, recipe: RecipeConfig, examples: int, max_turn_tokens: int, row_multiple: int = 1
) -> Grid:
    """The grid of a configuration.

    Args:
      data: lengths, slots, shapes.
      recipe: StructBERT has negatives, and SPACE-1, except as released, without response selection.
      examples: B, examples per micro-batch on this process.
      max_turn_tokens: tokens of a turn in the prepared corpora.
      row_multiple: see `ladder`.

    Raises:
      UserError: a single turn with its wrappers does not fit.
    """
    words = max_turn_tokens + WRAPPERS
    for field in ("response_length", "context_length"):
        if getattr(data, field) < words:
            raise UserError(
                f"config field data.{field}: {getattr(data, field)} is too small, a turn of the prepared corpora takes "
                f"up to {words} tokens ({max_turn_tokens} and {WRAPPERS} around them)"
            )
    return Grid(
        examples=examples,
        rungs=ladder(data, examples, row_multiple),
        slots=data.examples_per_row,
        masked=data.masked_per_row,
        words=data.response_length if isinstance(recipe, YuYanConfig) else words,  # it writes several turns
        tree_elements=data.tree_elements,
        negatives=isinstance(recipe, StructBertConfig) or (isinstance(recipe, Space1Config) and not recipe.as_released),
        masked_responses=isinstance(recipe, VecoConfig),
        schema=data.examples_per_row * recipe.most_slots if isinstance(recipe, StarConfig) else 0,
    )
