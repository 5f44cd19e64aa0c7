"""Metrics of bracketed parses: exact match, tree validity, F1 of labelled brackets.

Source: Gupta et al., "Semantic Parsing for Task Oriented Dialog using Hierarchical Representations", EMNLP 2018 (exact
match, labelled bracketing F1, tree validity). A tree matches if it is the reference in every label, place and word.
DialoGLUE (its `data_utils/process_top.py`) flattens TOP to the root's intent and one tag per word and scores those,
which two different trees can share; here the trees themselves are compared.
"""

import collections
import dataclasses
from collections.abc import Iterator, Sequence

from space_jax.dialogue import parse_tree
from space_jax.dialogue.parse_tree import Node
from space_jax.errors import UserError

Bracket = tuple[str, int, int]
"""Label, number of the first word, number of the word after the last."""


@dataclasses.dataclass(frozen=True)
class ParseScore:
    """The scores of parses.

    Attributes:
      exact_match: share of the parses that are the reference's tree.
      bracket_f1: F1 over all labelled brackets; an invalid parse has none.
      validity: share of the parses that are trees.
    """

    exact_match: float
    bracket_f1: float
    validity: float


def parse_score(predicted: Sequence[str], truth: Sequence[str]) -> ParseScore:
    """Scores parses; all shares are 0 where there are none.

    >>> score = parse_score(["[IN:A b ]", "[IN:A b"], ["[IN:A b ]", "[IN:A b ]"])
    >>> print(score.exact_match, score.validity, round(score.bracket_f1, 3))
    0.5 0.5 0.667

    Args:
      predicted: bracketed parses; anything but a tree is invalid, and never a match.
      truth: the references, with the words as their source tokenises them.

    Raises:
      ValueError: the numbers of parses differ.
      UserError: a reference is no tree.
    """
    if len(predicted) != len(truth):
        raise ValueError(f"{len(predicted)} predictions for {len(truth)} parses; the numbers must be equal")
    guesses = [_tree(text) for text in predicted]
    references = [parse_tree.parse(text) for text in truth]
    hits = found = wanted = 0
    for guess, reference in zip(guesses, references, strict=True):
        ours = collections.Counter(brackets(guess) if guess is not None else ())
        theirs = collections.Counter(brackets(reference))
        hits, found, wanted = hits + (ours & theirs).total(), found + ours.total(), wanted + theirs.total()
    count = len(references)
    matches = sum(guess == reference for guess, reference in zip(guesses, references, strict=True))
    return ParseScore(
        exact_match=matches / count if count else 0.0,
        bracket_f1=2 * hits / (found + wanted) if found + wanted else 0.0,
        validity=sum(guess is not None for guess in guesses) / count if count else 0.0,
    )


def brackets(root: Node) -> Iterator[Bracket]:
    """The labelled brackets of a tree; one that occurs twice around the same words is repeated."""
    yield from _brackets(root, 0)[0]


def _brackets(node: Node, first: int) -> tuple[list[Bracket], int]:
    """The brackets of a node that begins with the word of number `first`, and the number of the word after it."""
    inner: list[Bracket] = []
    after = first
    for child in node.children:
        if isinstance(child, str):
            after += 1
        else:
            found, after = _brackets(child, after)
            inner += found
    return [(node.label, first, after), *inner], after


def _tree(text: str) -> Node | None:
    try:
        return parse_tree.parse(text)
    except UserError:
        return None
