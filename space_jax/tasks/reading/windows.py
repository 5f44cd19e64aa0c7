"""A passage in overlapping windows, each beside the question; every token belongs to one of them.

    window 1  [CLS] w1 w2 w3 w4             [SEP] question [SEP]
    window 2  [CLS]       w3 w4 w5 w6       [SEP] question [SEP]
    window 3  [CLS]             w5 w6 w7    [SEP] question [SEP]

A token is scored in the window in which it has most context, after Devlin et al. (the released BERT for SQuAD), as odds
against "no answer" in the same window, whose place is the token before the passage. So the scores of all windows are
comparable, an answer may begin in one window and end in the next, and a passage of one window is no special case.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from space_jax.features.tokenizer import Tokenizer
from space_jax.tasks.text_packing import Encoded
from space_jax.tasks.token_offsets import laid_out


@dataclasses.dataclass(frozen=True, eq=False, slots=True)
class Windows:
    """A passage of t tokens.

    Attributes:
      encoded: the tokens of each of W windows, W at least 1.
      nowhere: `[W]` int32, the column of "no answer" in each.
      window: `[t]` int32, the window that each token belongs to.
      column: `[t]` int32, its column there.
      starts, ends: `[t]` int32, the character offsets of the tokens in the passage.
      cut: whether the passage has more tokens than were read.
    """

    encoded: tuple[Encoded, ...]
    nowhere: np.ndarray
    window: np.ndarray
    column: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    cut: bool


@dataclasses.dataclass(frozen=True)
class WindowSizes:
    """In tokens: of the passage that is read, of a window, of what two windows share, of a whole row."""

    most: int
    window: int
    overlap: int
    length: int


def in_windows(
    tokenizer: Tokenizer,
    earlier: Sequence[tuple[int, list[int]]],
    passage: tuple[int, str],
    sizes: WindowSizes,
    recipe: str | None,
) -> Windows:
    """Tokenizes a passage and lays out its windows.

    Args:
      tokenizer: of the weights.
      earlier: (role id, token ids) of the question, and of what was said before it, the oldest first.
      passage: (role id, text).
      sizes: a row has room for a window and everything earlier.
      recipe: see `token_offsets.locate`.
    """
    role, text = passage
    ids, offsets = tokenizer.encode_with_offsets(text)
    cut = len(ids) > sizes.most
    ids, offsets = ids[: sizes.most], offsets[: sizes.most]
    bounds = window_bounds(len(ids), sizes.window, sizes.overlap)
    laid = [
        laid_out(tokenizer, [*earlier, (role, ids[start:end])], sizes.length, recipe) for start, end in bounds.tolist()
    ]
    first = np.array([column for _, column in laid], np.int32)
    window = most_context(len(ids), bounds)
    column = first[window] + np.arange(len(ids)) - bounds[window, 0]
    spans = np.array(offsets, np.int32).reshape(-1, 2)
    encoded = tuple(one for one, _ in laid)
    # No weights open a turn that is the first of all; a question always precedes the passage.
    return Windows(encoded, first - 1, window, column.astype(np.int32), spans[:, 0], spans[:, 1], cut)


def window_bounds(count: int, window: int, overlap: int) -> np.ndarray:
    """The first token of each window and the one after its last, `[W, 2]` int32; the last window is full as well.

    >>> window_bounds(7, 4, 2).tolist()
    [[0, 4], [2, 6], [3, 7]]

    Args:
      count: tokens of the passage, may be 0.
      window: tokens of a window.
      overlap: of two, less than `window`.
    """
    starts = [*range(0, max(count - window, 0), window - overlap), max(count - window, 0)]
    return np.array([(start, min(start + window, count)) for start in starts], np.int32)


def most_context(count: int, bounds: np.ndarray) -> np.ndarray:
    """The window of each token, `[count]` int32: where the nearer end of the window is furthest, the first of several.

    >>> most_context(7, window_bounds(7, 4, 2)).tolist()
    [0, 0, 0, 1, 1, 2, 2]
    """
    at = np.arange(count)
    nearer = np.minimum(at - bounds[:, :1], bounds[:, 1:] - 1 - at)  # negative outside
    return nearer.argmax(axis=0).astype(np.int32) if count else np.zeros(0, np.int32)
