"""Records of parsing: an utterance's words and its tree.

The words are the reference's own where there is one (`4 : 30` of "4:30"), as TOP gives its tokens beside the utterance;
else `words_of` splits the text, as TOP's tokeniser does for all but about 1% of its utterances.
"""

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

from space_jax.dialogue import parse_tree
from space_jax.dialogue.parse_tree import Node
from space_jax.errors import UserError
from space_jax.tasks.record_sources import place_of

_WORD = re.compile(r"[ap]\.m\.|\d+(?:[.,]\d+)+|\d+(?=[ap]m\b)|'s\b|[^\W_]+(?:'(?!s\b)[^\W_]+)*|[^\s]", re.IGNORECASE)


@dataclasses.dataclass(frozen=True)
class ParseRecord:
    """An utterance.

    Attributes:
      id: unique.
      text: as written.
      words: the tokens that the tree is over.
      tree: None if not annotated.
      where: file and line, for people; "" if the record is not from a line of a file.
    """

    id: str
    text: str
    words: tuple[str, ...]
    tree: Node | None = None
    where: str = dataclasses.field(default="", compare=False)


def of_tree(name: str, text: str, tree: Node, where: str = "") -> ParseRecord:
    """The record of an annotated utterance."""
    return ParseRecord(name, text, tuple(parse_tree.words(tree)), tree, where)


def of_row(row: Mapping[str, Any], text_field: str, where: str, number: int) -> ParseRecord:
    """The record of a JSON object: a text, perhaps `parse`, the bracketed tree over its words.

    Raises:
      UserError: no text or a blank one, or a parse that is no tree.
    """
    text, name = row.get(text_field), str(row.get("id", number))
    if not isinstance(text, str) or not words_of(text):
        raise UserError(f"{where}: field {text_field}: expected a text with a word in it, found {text!r:.80}")
    if row.get("parse") is None:
        return ParseRecord(name, text, words_of(text), None, place_of(row, where))
    if not isinstance(row["parse"], str):
        raise UserError(f"{where}: field parse: expected a bracketed parse, found {row['parse']!r:.80}")
    try:
        record = of_tree(name, text, parse_tree.parse(row["parse"]), place_of(row, where))
    except UserError as error:
        raise UserError(f"{where}: field parse: {error}") from None
    if not record.words:
        raise UserError(f"{where}: field parse: expected a tree with words, found none")
    return record


def words_of(text: str) -> tuple[str, ...]:
    """The words and marks of a text, brackets aside, which a parse uses itself.

    >>> words_of("What's at 4:30pm?")
    ('What', "'s", 'at', '4', ':', '30', 'pm', '?')
    """
    return tuple(word for word in _WORD.findall(text) if word not in "[]")
