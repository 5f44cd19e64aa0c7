"""Where words begin: at blanks, so that texts in any language can say it, and at punctuation.

Chinese is written without blanks. BERT's vocabulary has a token for each character, and blanks between words, which
WordPiece drops, are the user's own boundaries: `我们 想 订 一 张 桌子`. A text without any is one word a clause.
"""

from collections.abc import Sequence

import numpy as np


def continues_words(text: str, offsets: Sequence[tuple[int, int]]) -> np.ndarray:
    """Whether each token continues the word of the one before it.

    >>> print(continues_words("a table, please", [(0, 1), (2, 5), (5, 7), (7, 8), (9, 15)]))
    [False False  True False False]

    Args:
      text: the text.
      offsets: the characters `[start, end)` of each token, in order.

    Returns:
      `[n]` bool: there is no blank before the token, and neither it nor the one before is punctuation.
    """
    continues = np.zeros(len(offsets), bool)
    wordlike = [any(map(str.isalnum, text[start:end])) for start, end in offsets]
    for number in range(1, len(offsets)):
        gap = text[offsets[number - 1][1] : offsets[number][0]]
        begins_with_blank = text[offsets[number][0] : offsets[number][1]][:1].isspace()
        blank = begins_with_blank or any(map(str.isspace, gap))
        continues[number] = wordlike[number] and wordlike[number - 1] and not blank
    return continues
