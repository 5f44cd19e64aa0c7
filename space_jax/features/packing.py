"""Packs B laid-out examples into one `Batch` on the smallest shape of the ladder that holds them.

The result depends only on the examples and the grid. In the `[B]` arrays the examples keep their order.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from space_jax.dialogue.acts import ACTS
from space_jax.dialogue.labels import FACTS
from space_jax.dialogue.trees import VIEWS
from space_jax.features.batch import Batch, SlotGrid, Tokens, micro_batches
from space_jax.features.example import NO_FLAGS
from space_jax.features.grid import Grid, GridShape
from space_jax.features.layout import NO_WORD, Layout
from space_jax.features.masking import chosen_in_turn
from space_jax.features.row_fitting import fit_rows

NOTHING = np.zeros(0, np.int32)


@dataclasses.dataclass(frozen=True, eq=False, slots=True)
class Item:
    """An example ready to be packed.

    Attributes:
      layout: its unmasked layout.
      masked_ids: `[n]` int32, the context after masking.
      masked_columns: int32, ascending positions in the context that the masked language model predicts.
      negative: int32, another example's response; empty where the grid has no negatives.
      moved: bool, which of `masked_columns` were moved; empty for none.
      variant: see `Batch.variant`.
      masked_response: int32, the response after masking, and `predicted_response` bool, which of its tokens are
        predicted; both empty where the grid has no masked responses.
      slot_numbers: `[n]` int32, the slot of each token of the context, from 1, or 0; empty where it has no schema.
      slot_roles: int32, the role of each slot.
    """

    layout: Layout
    masked_ids: np.ndarray
    masked_columns: np.ndarray
    negative: np.ndarray
    moved: np.ndarray = dataclasses.field(default_factory=lambda: NO_FLAGS)
    variant: int = 0
    masked_response: np.ndarray = dataclasses.field(default_factory=lambda: NOTHING)
    predicted_response: np.ndarray = dataclasses.field(default_factory=lambda: NO_FLAGS)
    slot_numbers: np.ndarray = dataclasses.field(default_factory=lambda: NOTHING)
    slot_roles: np.ndarray = dataclasses.field(default_factory=lambda: NOTHING)


def pack(items: Sequence[Item], grid: Grid) -> Batch:
    """Packs examples, adding invalid ones up to `grid.examples`.

    Padding has id 0 in every array, whatever the vocabulary's pad token: segment 0 marks it. At most `grid.masked`
    masked positions per row enter the loss (`chosen_in_turn`); `masked_and_lost` counts the rest.

    Args:
      items: at most `grid.examples` examples, none longer than the grid.
      grid: the sizes.

    Returns:
      The batch as NumPy arrays, on the smallest rung of the ladder that was found to fit.
    """
    return pack_alike([items], grid)[0]


def pack_alike(parts: Sequence[Sequence[Item]], grid: Grid) -> list[Batch]:
    """Packs micro-batches on the smallest rung that fits all of them; otherwise like `pack`."""
    needs = [_needs(items, grid) for items in parts]
    rung, placed = choose(needs, grid)
    return [
        _batch(items, [[(index, items[index]) for index in row] for row in rows], rung, grid)
        for items, rows in zip(parts, placed, strict=True)
    ]


def choose(needs: Sequence[np.ndarray], grid: Grid) -> tuple[GridShape, list[list[list[int]]]]:
    """The first rung that fits all micro-batches.

    Args:
      needs: `[B, 3]` int per micro-batch, the tokens of context, response and negative of each example.
      grid: the sizes.

    Returns:
      The rung, and for each micro-batch the examples in each row. Any batch fits the last rung, with a row per example.
    """
    for rung in grid.rungs:
        placed = _placed(needs, rung, grid.slots)
        if placed is not None:
            return rung, placed
    raise AssertionError(f"examples of up to {[part.max(axis=0).tolist() for part in needs]} in a grid of {rung}")


def _placed(needs: Sequence[np.ndarray], rung: GridShape, slots: int) -> list[list[list[int]]] | None:
    """The rows of each micro-batch on a rung, None unless it fits all of them."""
    placed = []
    for part in needs:
        rows = fit_rows(part, (rung.context, rung.response, rung.response), rung.rows, slots)
        if rows is None:
            return None
        placed.append(rows)
    return placed


def holding(batch: Batch, grid: Grid) -> list[bool]:
    """Which rungs hold a packed batch, as it is or packed again; the last holds any.

    Args:
      batch: `[A, ...]` on the smallest rung that fits it, from `pack_alike`.
      grid: the sizes.
    """
    own = grid.rungs.index(batch.shape)
    needs = [_lengths(micro) for micro in micro_batches(batch)]

    def holds(rung: GridShape) -> bool:
        return rung.covers(batch.shape) or _placed(needs, rung, grid.slots) is not None

    return [number >= own and holds(rung) for number, rung in enumerate(grid.rungs)]


def _lengths(batch: Batch) -> np.ndarray:
    """`[B, 3]`, what `_needs` says of the examples of a packed micro-batch."""
    slots = np.arange(1, batch.occupied.shape[-1] + 1)
    grids = [(segments[..., None] == slots).sum(axis=1) for segments in batch.segments]  # each [R, S]
    places = batch.slot[batch.valid]
    return np.stack([lengths.reshape(-1)[places] for lengths in grids], axis=1)


def _needs(items: Sequence[Item], grid: Grid) -> np.ndarray:
    assert len(items) <= grid.examples, f"{len(items)} examples for a batch of {grid.examples}"
    needs = [(len(item.layout.ids), len(item.layout.response), len(item.negative)) for item in items]
    return np.array(needs, np.int64).reshape(-1, 3)


def _batch(items: Sequence[Item], placed: list[list[tuple[int, Item]]], rung: GridShape, grid: Grid) -> Batch:
    rows, length = rung.rows, rung.response
    of_rows = [[item for _, item in row] for row in placed]
    return Batch(
        context=_context(placed, rung),
        response=_responses([[item.layout.response for _, item in row] for row in placed], rows, length),
        negative=_responses(
            [[item.negative for _, item in row] if grid.negatives else [] for row in placed],
            rows,
            length if grid.negatives else 0,
        ),
        **_masked(placed, rung, grid),
        **_masked_responses(of_rows, rows, length if grid.masked_responses else 0),
        **_occupancy(placed, rung, grid),
        slots=_slots(of_rows, rung, grid) if grid.schema else None,
        **_per_example(items, grid),
    )


def _context(placed: list[list[tuple[int, Item]]], rung: GridShape) -> Tokens:
    layouts = [[item.layout for _, item in row] for row in placed]

    def fill(name: str) -> np.ndarray:
        return _fill([[getattr(layout, name) for layout in row] for row in layouts], rung.rows, rung.context)

    return Tokens(
        ids=fill("ids"),
        positions=fill("positions"),
        roles=fill("roles"),
        turns=fill("turns"),
        segments=_segments([[layout.ids for layout in row] for row in layouts], rung.rows, rung.context),
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
    for row, row_parts in zip(grid, parts, strict=True):
        if row_parts:
            tokens = np.concatenate(row_parts)
            row[: len(tokens)] = tokens
    return grid


def _segments(parts: list[list[np.ndarray]], rows: int, length: int) -> np.ndarray:
    return _fill([[np.full(len(part), s + 1, np.int32) for s, part in enumerate(row)] for row in parts], rows, length)


def _masked(placed: list[list[tuple[int, Item]]], rung: GridShape, grid: Grid) -> dict[str, np.ndarray]:
    columns, targets, weights, moved = [], [], [], []
    for row in placed:
        lengths = np.array([len(item.layout.ids) for _, item in row], np.int32)
        starts = np.cumsum(lengths, dtype=np.int32) - lengths
        ids = np.concatenate([NOTHING, *(item.layout.ids for _, item in row)])
        shifted = [item.masked_columns + start for (_, item), start in zip(row, starts, strict=True)]
        examples = np.repeat(np.arange(len(row)), [len(columns) for columns in shifted])
        places = chosen_in_turn(examples, grid.masked)
        chosen = np.concatenate([NOTHING, *shifted])[places]
        columns.append([chosen])
        moved.append([np.concatenate([NO_FLAGS, *(_moved(item) for _, item in row)])[places].astype(np.int32)])
        targets.append([ids[chosen]])
        weights.append([np.ones(len(chosen), np.int32)])
    return {
        "masked_ids": _fill([[item.masked_ids for _, item in row] for row in placed], rung.rows, rung.context),
        "masked_positions": _fill(columns, rung.rows, grid.masked),
        "masked_targets": _fill(targets, rung.rows, grid.masked),
        "masked_weights": _fill(weights, rung.rows, grid.masked).astype(np.float32),
        "moved": _fill(moved, rung.rows, grid.masked).astype(bool),
    }


def _masked_responses(placed: list[list[Item]], rows: int, length: int) -> dict[str, np.ndarray]:
    """The masked responses; where they have no columns, the items have none."""
    predicted = [[item.predicted_response.astype(np.int32) for item in row] for row in placed]
    return {
        "response_masked_ids": _fill([[item.masked_response for item in row] for row in placed], rows, length),
        "response_masked_weights": _fill(predicted, rows, length).astype(np.float32),
    }


def _slots(rows: list[list[Item]], rung: GridShape, grid: Grid) -> SlotGrid:
    """The schemas, whose slots are numbered through each row."""
    numbers = []
    for row in rows:
        before = np.cumsum([0, *(len(item.slot_roles) for item in row)])
        own = [item.slot_numbers if len(item.slot_numbers) else np.zeros_like(item.layout.ids) for item in row]
        numbers.append([np.where(part > 0, part + start, 0) for part, start in zip(own, before, strict=False)])
    roles = [[item.slot_roles for item in row] for row in rows]
    there = [[np.ones(len(part), np.int32) for part in row] for row in roles]
    return SlotGrid(
        numbers=_fill(numbers, rung.rows, rung.context),
        roles=_fill(roles, rung.rows, grid.schema),
        there=_fill(there, rung.rows, grid.schema).astype(bool),
    )


def _moved(item: Item) -> np.ndarray:
    return item.moved if len(item.moved) else np.zeros(len(item.masked_columns), bool)


def _occupancy(placed: list[list[tuple[int, Item]]], rung: GridShape, grid: Grid) -> dict[str, np.ndarray]:
    occupied = np.zeros((rung.rows, grid.slots), bool)
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
        **{f"{fact}_known": np.zeros(B, bool) for fact in FACTS},
        "user_words": np.full((B, grid.words), NO_WORD, np.int32),
        "response_words": np.full((B, grid.words), NO_WORD, np.int32),
        "user_tree": np.zeros((B, W, K), np.int32),
        "system_tree": np.zeros((B, W, K), np.int32),
        "acts": np.zeros((B, len(ACTS)), np.float32),
        "dialogue": np.zeros(B, np.int32),
        "variant": np.zeros(B, np.int32),
    }
    for b, item in enumerate(items):
        layout, example = item.layout, item.layout.example
        arrays["valid"][b] = True
        for fact, known in zip(FACTS, example.known, strict=True):
            arrays[f"{fact}_known"][b] = known
        arrays["user_words"][b, : len(layout.user_words)] = layout.user_words
        arrays["response_words"][b, : len(layout.response)] = layout.response
        # The sets are bottom-k sketches in rising order, so the first K of a wider one are the sketch of width K.
        arrays["user_tree"][b] = example.user_tree[:, :K]
        arrays["system_tree"][b] = example.system_tree[:, :K]
        arrays["acts"][b] = example.acts
        arrays["dialogue"][b] = example.dialogue
        arrays["variant"][b] = item.variant
    return arrays
