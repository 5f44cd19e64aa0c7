"""Packing: B laid-out examples -> one `Batch` on a grid of rows.

First-fit decreasing: the examples in order of falling context length (ties: batch order) each go into the first row
that has room for context, response, negative response and one more example. The result is a function of the examples
and the grid alone. In the `[B]` arrays the examples keep the order of the batch.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from space_jax.dialogue.acts import ACTS
from space_jax.dialogue.trees import VIEWS
from space_jax.features.batch import Batch, Tokens
from space_jax.features.grid import Grid
from space_jax.features.layout import NO_WORD, Layout


@dataclasses.dataclass(frozen=True, eq=False, slots=True)
class Item:
    """An example ready to be packed.

    Attributes:
      layout: its unmasked layout.
      masked_ids: `[n]` int32, the context after masking.
      masked_columns: int32, rising positions in the context that the masked language model predicts.
      negative: int32, another example's response; empty where the grid has no negatives.
    """

    layout: Layout
    masked_ids: np.ndarray
    masked_columns: np.ndarray
    negative: np.ndarray


def pack(items: Sequence[Item], grid: Grid) -> Batch:
    """Packs examples; what is missing up to `grid.examples` is filled up with examples that are not `valid`.

    Padding has id 0 in every array, whatever the vocabulary's pad token: segment 0 is what marks it. Of a row with more
    than `grid.masked` masked positions, the first `grid.masked` enter the loss; `lost_targets` counts the rest.

    Args:
      items: at most `grid.examples` examples, none longer than the grid.
      grid: the sizes.

    Returns:
      The batch as NumPy arrays, on the smallest rung of the ladder that fits.
    """
    assert len(items) <= grid.examples, f"{len(items)} examples for a batch of {grid.examples}"
    placed = _place(items, grid)
    rows = grid.smallest(len(placed))
    return Batch(
        context=_context(placed, rows, grid),
        response=_responses([[item.layout.response for _, item in row] for row in placed], rows, grid.response_length),
        negative=_responses(
            [[item.negative for _, item in row] if grid.negatives else [] for row in placed],
            rows,
            grid.response_length if grid.negatives else 0,
        ),
        **_masked(placed, rows, grid),
        **_occupancy(placed, rows, grid),
        **_per_example(items, grid),
    )


def _place(items: Sequence[Item], grid: Grid) -> list[list[tuple[int, Item]]]:
    """The examples of each row, in slot order, each with its place in the batch."""
    needs = np.array([[len(i.layout.ids), len(i.layout.response), len(i.negative), 1] for i in items]).reshape(-1, 4)
    return [[(index, items[index]) for index in row] for row in first_fit(needs, grid)]


def first_fit(needs: np.ndarray, grid: Grid) -> list[list[int]]:
    """First-fit decreasing by context length.

    Args:
      needs: `[B, 4]` int, what each example takes: tokens of context, response and negative, and 1 slot.
      grid: the sizes.

    Returns:
      The examples of each row in slot order.
    """
    room = np.array([grid.context_length, grid.response_length, grid.response_length, grid.slots])
    assert (needs <= room).all(), f"an example of {needs.max(axis=0)} tokens in a grid of {room}"
    left = np.tile(room, (len(needs), 1))
    rows: list[list[int]] = [[] for _ in needs]
    for index in np.argsort(-needs[:, 0], kind="stable").tolist():
        row = int((left >= needs[index]).all(axis=1).argmax())
        left[row] -= needs[index]
        rows[row].append(index)
    return [row for row in rows if row]


def _context(placed: list[list[tuple[int, Item]]], rows: int, grid: Grid) -> Tokens:
    layouts = [[item.layout for _, item in row] for row in placed]

    def fill(name: str) -> np.ndarray:
        return _fill([[getattr(layout, name) for layout in row] for row in layouts], rows, grid.context_length)

    return Tokens(
        ids=fill("ids"),
        positions=fill("positions"),
        roles=fill("roles"),
        turns=fill("turns"),
        segments=_segments([[layout.ids for layout in row] for row in layouts], rows, grid.context_length),
    )


def _responses(parts: list[list[np.ndarray]], rows: int, length: int) -> Tokens:
    positions = [[np.arange(len(part), dtype=np.int32) for part in row] for row in parts]
    zeros = np.zeros((rows, length), np.int32)
    return Tokens(
        ids=_fill(parts, rows, length),
        positions=_fill(positions, rows, length),
        roles=zeros,
        turns=zeros.copy(),
        segments=_segments(parts, rows, length),
    )


def _fill(parts: list[list[np.ndarray]], rows: int, length: int) -> np.ndarray:
    grid = np.zeros((rows, length), np.int32)
    for row, row_parts in zip(grid, parts, strict=False):  # rows after the last occupied one stay empty
        if row_parts:
            tokens = np.concatenate(row_parts)
            row[: len(tokens)] = tokens
    return grid


def _segments(parts: list[list[np.ndarray]], rows: int, length: int) -> np.ndarray:
    return _fill([[np.full(len(part), s + 1, np.int32) for s, part in enumerate(row)] for row in parts], rows, length)


def _masked(placed: list[list[tuple[int, Item]]], rows: int, grid: Grid) -> dict[str, np.ndarray]:
    columns, targets, weights = [], [], []
    for row in placed:
        lengths = [len(item.layout.ids) for _, item in row]
        starts = np.cumsum(lengths) - lengths
        ids = np.concatenate([item.layout.ids for _, item in row])
        chosen = np.concatenate([item.masked_columns + start for (_, item), start in zip(row, starts, strict=True)])
        chosen = chosen[: grid.masked]
        columns.append([chosen])
        targets.append([ids[chosen]])
        weights.append([np.ones(len(chosen), np.int32)])
    return {
        "masked_ids": _fill([[item.masked_ids for _, item in row] for row in placed], rows, grid.context_length),
        "masked_positions": _fill(columns, rows, grid.masked),
        "masked_targets": _fill(targets, rows, grid.masked),
        "masked_weights": _fill(weights, rows, grid.masked).astype(np.float32),
    }


def _occupancy(placed: list[list[tuple[int, Item]]], rows: int, grid: Grid) -> dict[str, np.ndarray]:
    occupied = np.zeros((rows, grid.slots), bool)
    slot = np.zeros(grid.examples, np.int32)
    for r, row in enumerate(placed):
        occupied[r, : len(row)] = True
        for s, (index, _) in enumerate(row):
            slot[index] = r * grid.slots + s
    return {"occupied": occupied, "slot": slot}


def _per_example(items: Sequence[Item], grid: Grid) -> dict[str, np.ndarray]:
    B, W, K = grid.examples, len(VIEWS), grid.tree_elements
    arrays = {
        "valid": np.zeros(B, bool),
        "labelled": np.zeros(B, bool),
        "user_words": np.full((B, grid.words), NO_WORD, np.int32),
        "response_words": np.full((B, grid.words), NO_WORD, np.int32),
        "user_tree": np.zeros((B, W, K), np.int32),
        "system_tree": np.zeros((B, W, K), np.int32),
        "acts": np.zeros((B, len(ACTS)), np.float32),
        "dialogue": np.zeros(B, np.int32),
    }
    for b, item in enumerate(items):
        layout, example = item.layout, item.layout.example
        arrays["valid"][b] = True
        arrays["labelled"][b] = example.labelled
        arrays["user_words"][b, : len(layout.user_words)] = layout.user_words
        arrays["response_words"][b, : len(layout.response)] = layout.response
        # The sets are bottom-k sketches in rising order, so the first K of a wider one are the sketch of width K.
        arrays["user_tree"][b] = example.user_tree[:, :K]
        arrays["system_tree"][b] = example.system_tree[:, :K]
        arrays["acts"][b] = example.acts
        arrays["dialogue"][b] = example.dialogue
    return arrays
