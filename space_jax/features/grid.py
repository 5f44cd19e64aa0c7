"""The static sizes of a packed batch: one `Grid` with a ladder of row counts, so that few programs are compiled."""

import dataclasses
import math
from collections.abc import Sequence

from space_jax.config import DataConfig, RecipeConfig, Space1Config
from space_jax.errors import UserError
from space_jax.features.layout import WRAPPERS


@dataclasses.dataclass(frozen=True)
class Grid:
    """Sizes of one micro-batch on one process.

    Attributes:
      examples: B.
      rungs: row counts to choose from, rising; the last is at least B, so that it always fits.
      context_length, response_length: L and Lr.
      slots: S, examples a row.
      masked: M, masked positions of a row that enter the loss.
      words: T, tokens of a turn with its wrappers.
      tree_elements: K.
      negatives: whether the negative responses have a grid; else it is `[R, 0]`.
    """

    examples: int
    rungs: tuple[int, ...]
    context_length: int
    response_length: int
    slots: int
    masked: int
    words: int
    tree_elements: int
    negatives: bool

    def smallest(self, rows: int) -> int:
        """The smallest rung that holds `rows` rows."""
        return next(rung for rung in self.rungs if rung >= rows)


def ladder(shares: Sequence[float], examples: int, row_multiple: int) -> tuple[int, ...]:
    """Row counts of the rungs: ceil(share * B), rounded up to a multiple of `row_multiple`, each once.

    Args:
      shares: rising, the last 1.0.
      examples: B.
      row_multiple: what the rows must divide by, usually the devices that share them.
    """
    rows = {math.ceil(round(share * examples, 6) / row_multiple) * row_multiple for share in shares}
    return tuple(sorted(max(row, row_multiple) for row in rows))


def make_grid(
    data: DataConfig, recipe: RecipeConfig, examples: int, max_turn_tokens: int, row_multiple: int = 1
) -> Grid:
    """The grid of a configuration.

    Args:
      data: lengths, slots, ladder.
      recipe: only SPACE-1 has negatives, and not as released, where no response is selected.
      examples: B, examples of a micro-batch on this process.
      max_turn_tokens: tokens of a turn in the prepared corpora.
      row_multiple: see `ladder`.

    Raises:
      UserError: one turn with its wrappers does not fit.
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
        rungs=ladder(data.row_ladder, examples, row_multiple),
        context_length=data.context_length,
        response_length=data.response_length,
        slots=data.examples_per_row,
        masked=data.masked_per_row,
        words=words,
        tree_elements=data.tree_elements,
        negatives=isinstance(recipe, Space1Config) and not recipe.as_released,
    )
