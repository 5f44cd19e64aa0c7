"""Which examples share a row: an even start, then swaps until no row overflows.

Filling rows one after the other leaves the last ones half empty, and their number is rarely one for which a program was
compiled. Here the number of rows is given. The largest examples come first, each into the row where it leaves most
room; then examples of an overflowing row change places with others for as long as that makes the overflow smaller.
"""

from collections.abc import Sequence

import numpy as np

_WORST = 3  # overflowing rows that are tried before giving up
_SMALLEST_GAIN = 1e-9  # shares of a row; less is rounding


def fit_rows(needs: np.ndarray, room: Sequence[int], rows: int, slots: int) -> list[list[int]] | None:
    """Places every example, or none.

    With at least as many rows as examples it always succeeds: each starts in an empty row, which holds it by itself.

    Args:
      needs: `[B, K]` int, what each example takes of K kinds of room, none more than `room`.
      room: K, what a row has of each.
      rows: R.
      slots: examples that a row can hold.

    Returns:
      The examples of each of the R rows, rising; None if they were not made to fit. A function of the arguments alone,
      and whether they fit does not depend on the order of the examples.
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
    order = np.lexsort((*needs.T, -shares.sum(axis=1)))  # equal sums: by the needs, not by the place in the batch
    table = np.full((rows, slots), -1)
    used, count = np.zeros((rows, len(limits))), np.zeros(rows, int)
    for index in order.tolist():
        fullest = (used + shares[index]).max(axis=1)
        fullest[count == slots] = np.inf
        # Of equally full rows the emptiest, so that an empty one is taken before any example shares a row.
        row = int(np.lexsort((count, fullest))[0])
        table[row, count[row]] = index
        used[row] += shares[index]
        count[row] += 1
    return table


def _swapped_to_fit(table: np.ndarray, needs: np.ndarray, limits: np.ndarray) -> bool:
    """Changes the table until no row overflows; False if no exchange with one of the worst rows helps any more.

    An exchange with an empty slot moves an example.
    """
    nothing = np.zeros((1, len(limits)), np.int64)
    sizes = np.concatenate([needs, nothing])[table]  # [R, S, K]; an empty slot, -1, takes the last
    excess = sizes.sum(axis=1) - limits
    while True:
        overflow = _overflow(excess, limits)
        if not overflow.any():
            return True
        exchange = _best_exchange(sizes, excess, overflow, limits)
        if exchange is None:
            return False
        (row, slot), (other, place) = exchange
        difference = sizes[row, slot] - sizes[other, place]
        excess[row] -= difference
        excess[other] += difference
        for array in (sizes, table):
            array[[row, other], [slot, place]] = array[[other, row], [place, slot]]


def _best_exchange(
    sizes: np.ndarray, excess: np.ndarray, overflow: np.ndarray, limits: np.ndarray
) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """Two slots (row, slot), the first in one of the rows that overflow most, whose exchange gains most."""
    for row in np.argsort(-overflow, kind="stable")[:_WORST].tolist():
        if not overflow[row]:
            break
        difference = sizes[row][:, None, None] - sizes[None]  # [S, R, S, K]
        after = _overflow(excess[row] - difference, limits) + _overflow(excess[:, None] + difference, limits)
        gain = (overflow[row] + overflow)[None, :, None] - after
        gain[:, row] = 0.0
        slot, other, place = np.unravel_index(gain.argmax(), gain.shape)
        if gain[slot, other, place] > _SMALLEST_GAIN:
            return (row, int(slot)), (int(other), int(place))
    return None


def _overflow(excess: np.ndarray, limits: np.ndarray) -> np.ndarray:
    """What is too much, as shares of a row, added over the kinds of room."""
    return np.maximum(excess, 0) @ (1.0 / np.maximum(limits, 1))
