"""Bracketed semantic parses (Gupta et al., EMNLP 2018: task-oriented parsing, TOP), converted to trees and back.

A parse is an intent that contains words and slots; a slot contains words and possibly an intent, and so on:

    [IN:CREATE_REMINDER remind me to [SL:TODO [IN:SEND_MESSAGE text [SL:RECIPIENT Ann ] ] ] ]

Brackets and words are separated by single blanks. The words are tokens: they spell the utterance apart from blanks
(`4 : 30 pm` for `4:30pm`), so that `placed` can find the characters that a node covers.
"""

import dataclasses
import re
from collections.abc import Iterator

from space_jax.errors import UserError

INTENT = "IN:"
SLOT = "SL:"

DEPTH = 100
"""The most levels that `parse` accepts: TOPv2 has at most 8, and very deep trees would exhaust Python's stack."""

# Of white space only what ends words in a file of parses: a no-break space may stand within a word of the utterance.
_TOKEN = re.compile(r"\](?=\]*(?:[ \t\r\n\f\v]|$))|[^ \t\r\n\f\v]+")


@dataclasses.dataclass(frozen=True, slots=True)
class Node:
    """An intent or a slot.

    Attributes:
      label: the label including its kind, as written: `IN:GET_WEATHER`, `SL:DATE_TIME`.
      children: words and nodes in order.
    """

    label: str
    children: tuple["Node | str", ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Placed:
    """A node's position in the utterance.

    Attributes:
      path: the labels from the root to the node, inclusive.
      start: character offset of its first word; None for a node without words.
      end: character offset after its last word; None for a node without words.
    """

    path: tuple[str, ...]
    start: int | None
    end: int | None


def parse(text: str) -> Node:
    """The tree of a bracketed parse. The result is well-formed, so a parse is valid if this does not raise.

    Args:
      text: the parse; a run of blanks, tabs and line breaks counts as one blank, and `]]` as `] ]`.

    Raises:
      UserError: brackets do not match, there is not exactly one root, the root is no intent, an intent is directly
        within an intent or a slot within a slot, or there are over `DEPTH` levels; with the token's number, from 1.
    """
    root: Node | None = None
    open_nodes: list[tuple[str, list[Node | str]]] = []
    for number, token in enumerate(_TOKEN.findall(text), start=1):
        if root is not None:
            _fail(number, "the end after the root's bracket", token)
        if token.startswith("["):
            _check_opening(token, open_nodes[-1][0] if open_nodes else SLOT, number)
            open_nodes.append((token[1:], []))
            if len(open_nodes) > DEPTH:
                _fail(number, f"at most {DEPTH} levels", token)
        elif not open_nodes:
            _fail(number, "[IN:", token)
        elif token == "]":
            label, children = open_nodes.pop()
            node = Node(label, tuple(children))
            if open_nodes:
                open_nodes[-1][1].append(node)
            else:
                root = node
        else:
            open_nodes[-1][1].append(token)
    if root is None:
        raise UserError(f"parse: expected ] for each bracket, found the end with {len(open_nodes)} open")
    return root


def to_text(node: Node) -> str:
    """The bracketed parse of a tree: `to_text(parse(text)) == text` if single blanks separate the tokens."""
    inner = [child if isinstance(child, str) else to_text(child) for child in node.children]
    return " ".join([f"[{node.label}", *inner, "]"])


def words(node: Node) -> Iterator[str]:
    """The words under a node, from left to right."""
    for child in node.children:
        if isinstance(child, str):
            yield child
        else:
            yield from words(child)


def placed(root: Node, utterance: str) -> list[Placed]:
    """The position of each node of a tree in the utterance: the root, then each child with its descendants.

    Args:
      root: the tree.
      utterance: the text that was parsed.

    Raises:
      UserError: apart from blanks, the words do not spell the utterance; with the character.
    """
    spans = _word_spans(list(words(root)), utterance)
    return [
        Placed(path, *((spans[first][0], spans[last - 1][1]) if first < last else (None, None)))
        for path, first, last in _covered(root, (), 0)
    ]


def _check_opening(token: str, within: str, number: int) -> None:
    """Checks that intents and slots alternate; the root counts as within a slot."""
    expected = INTENT if within.startswith(SLOT) else SLOT
    label = token[1:]
    if not label.startswith(expected) or len(label) == len(expected) or "[" in label or "]" in label:
        _fail(number, f"[{expected} with a name", token)


def _fail(number: int, expected: str, found: str) -> None:
    raise UserError(f"parse, token {number}: expected {expected}, found {found!r}")


def _covered(node: Node, above: tuple[str, ...], first: int) -> list[tuple[tuple[str, ...], int, int]]:
    """The path of each node with the number of its first word and of the word after its last."""
    path = (*above, node.label)
    under: list[tuple[tuple[str, ...], int, int]] = []
    after = first
    for child in node.children:
        if isinstance(child, str):
            after += 1
        else:
            inner = _covered(child, path, after)
            under += inner
            after = inner[0][2]
    return [(path, first, after), *under]


def _word_spans(tokens: list[str], utterance: str) -> list[tuple[int, int]]:
    """Start and end of each word in the utterance, in which blanks may occur anywhere, even within a word."""
    offsets = [index for index, character in enumerate(utterance) if not character.isspace()]
    spelt = "".join(tokens)
    for index, character in zip(offsets, spelt, strict=False):
        if utterance[index] != character:
            raise UserError(
                f"parse: expected words that spell the utterance, found {character!r} "
                f"for {utterance[index]!r} at character {index}"
            )
    if len(spelt) != len(offsets):
        raise UserError(f"parse: expected words of {len(offsets)} characters as in the utterance, found {len(spelt)}")
    spans, at = [], 0
    for token in tokens:
        spans.append((offsets[at], offsets[at + len(token) - 1] + 1))
        at += len(token)
    return spans
