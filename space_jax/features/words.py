"""Where words begin: at blanks, so that texts of any language can say it, at punctuation, and where a segmenter says.

Chinese is written without blanks. BERT's vocabulary has a token for each character, and blanks between words, which
WordPiece drops, are the user's own boundaries: `我们 想 订 一 张 桌子`. A text without any is one word a clause,
unless a segmenter finds its words.
"""

import functools
import importlib
from collections.abc import Callable, Sequence

import numpy as np

from space_jax.errors import UserError

BLANKS, JIEBA = SEGMENTERS = ("blanks", "jieba")
Cut = Callable[[str], Sequence[str]]
"""Cuts a text into words, which joined are the text."""


@functools.cache
def segmenter(name: str) -> Cut | None:
    """The segmenter of a name in `SEGMENTERS`; None for "blanks", which needs none.

    Raises:
      UserError: it is not installed.
    """
    if name == BLANKS:
        return None
    try:
        cut: Cut = importlib.import_module("rjieba").cut
    except ImportError as error:
        raise UserError("--words jieba: needs the package rjieba; install 'space-jax[chinese]'") from error
    return cut


def continues_words(text: str, offsets: Sequence[tuple[int, int]], cut: Cut | None = None) -> np.ndarray:
    """Whether each token continues the word of the one before it.

    >>> print(continues_words("a table, please", [(0, 1), (2, 5), (5, 7), (7, 8), (9, 15)]))
    [False False  True False False]

    Args:
      text: the text.
      offsets: the characters `[start, end)` of each token, in order.
      cut: finds further beginnings of words.

    Returns:
      `[n]` bool: there is no blank before the token, no word of `cut` begins with it, and neither it nor the one before
      is punctuation.
    """
    continues = np.zeros(len(offsets), bool)
    wordlike = [any(map(str.isalnum, text[start:end])) for start, end in offsets]
    begins = set() if cut is None else set(np.cumsum([0, *map(len, cut(text))]).tolist())
    for number in range(1, len(offsets)):
        start, end = offsets[number]
        blank = text[start:end][:1].isspace() or any(map(str.isspace, text[offsets[number - 1][1] : start]))
        continues[number] = wordlike[number] and wordlike[number - 1] and not blank and start not in begins
    return continues
