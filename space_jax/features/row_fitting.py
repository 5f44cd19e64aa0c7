"""Assigns examples to rows: starts evenly, then swaps until no row overflows.

Filling row after row leaves the last ones half empty and gives numbers of rows for which no program was compiled. Here
the number of rows is given. Examples are placed from the largest to the smallest, each in the row where it leaves most
room; then examples of overflowing rows are swapped with others as long as that reduces the overflow.
"""

from collections.abc import Sequence

import numpy as np

_WORST = 3  # overflowing rows that are tried before giving up
_SMALLEST_GAIN = 1e-9  # in shares of a row; less is rounding error


def fit_rows(needs: np.ndarray, room: Sequence[int], rows: int, slots: int) -> list[list[int]] | None:
    """Assigns every example to a row.

    With at least as many rows as examples it always succeeds: each example starts in its own row.

    Args:
      needs: `[B, K]` int, the room of each of K kinds that an example takes, at most `room`.
      room: `[K]`, the room of each kind in a row.
      rows: R.
      slots: the most examples in a row.

    Returns:
      The examples of each of the R rows, ascending; None if no fit was found. Deterministic, and whether a fit is found
      does not depend on the order of the examples.
    """
    limits = np.asarray(room, np.int64)
    if len(needs) > rows * slots or (needs > limits).any() or (needs.sum(axis=0) > rows * limits).any():
        return None
    table = _even_start(needs, limits, rows, slots)
    if not _swapped_to_fit(table, needs, limits):
        return None
    return [sorted(row[row >= 0].tolist()) for row in table]


def _even_start(needs: np.ndarray, limits: np.ndarray, rows: int, slots: int) -> np.ndarray:
    """`[R, S]`, the example in each slot, -1 for none; rows may overflow."""
    shares = needs / np.maximum(limits, 1)
    order = np.lexsort((*needs.T, -shares.sum(axis=1)))  # ties: by the needs, not by the order of the batch
    table = np.full((rows, slots), -1)
    used, count = np.zeros((rows, len(limits))), np.zeros(rows, int)
    for index in order.tolist():
        fullest = (used + shares[index]).max(axis=1)
        fullest[count == slots] = np.inf
        # Among equally full rows the one with fewest examples, so that no example shares a row while one is empty.
        row = int(np.lexsort((count, fullest))[0])
        table[row, count[row]] = index
        used[row] += shares[index]
        count[row] += 1
    return table


def _swapped_to_fit(table: np.ndarray, needs: np.ndarray, limits: np.ndarray) -> bool:
    """Swaps examples in the table until no row overflows; False if no swap with one of the worst rows helps.

    A swap with an empty slot moves an example.
    """
    empty = np.zeros((1, len(limits)), np.int64)
    sizes = np.concatenate([needs, empty])[table]  # [R, S, K]; -1, an empty slot, selects the zeros at the end
    excess = sizes.sum(axis=1) - limits
    while True:
        overflow = _overflow(excess, limits)
        if not overflow.any():
            return True
        exchange = _best_exchange(sizes, excess, overflow, limits)
        if exchange is None:
            return False
        (row, slot), (other, other_slot) = exchange
        difference = sizes[row, slot] - sizes[other, other_slot]
        excess[row] -= difference
        excess[other] += difference
        for array in (sizes, table):
            array[[row, other], [slot, other_slot]] = array[[other, row], [other_slot, slot]]


def _best_exchange(
    sizes: np.ndarray, excess: np.ndarray, overflow: np.ndarray, limits: np.ndarray
) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """The most useful swap of two (row, slot) pairs, the first in one of the rows that overflow most."""
    for row in np.argsort(-overflow, kind="stable")[:_WORST].tolist():
        if not overflow[row]:
            break
        difference = sizes[row][:, None, None] - sizes[None]  # [S, R, S, K]
        after = _overflow(excess[row] - difference, limits) + _overflow(excess[:, None] + difference, limits)
        gain = (overflow[row] + overflow)[None, :, None] - after
        gain[:, row] = 0.0
        slot, other, other_slot = np.unravel_index(gain.argmax(), gain.shape)
        if gain[slot, other, other_slot] > _SMALLEST_GAIN:
            return (row, int(slot)), (int(other), int(other_slot))
    return None


def _overflow(excess: np.ndarray, limits: np.ndarray) -> np.ndarray:
    """The overflow in shares of a row, summed over the kinds of room."""
    return np.maximum(excess, 0) @ (1.0 / np.maximum(limits, 1))
