"""The little template language of the phrasings, compiled once into nested tuples.

    (a|b|c)      one of the alternatives
    [a]          a or nothing
    {slot}       the slot's value; its characters become the value's span
    <slot:x/y>   x if the slot's value is 1, else y
    ~            at the start: the template says none of the act's values

Everything else is literal. Templates start in lower case; the realiser capitalises sentences.
"""

import dataclasses
import random
import re
from typing import Literal

Node = tuple
"""("text", words) | ("value", slot) | ("number", slot, one, many) | ("contraction", short, long) |
("choice", sequences), a sequence being a tuple of nodes."""

_TOKEN = re.compile(r"[()\[\]|]|\{\w+\}|<\w+:[^/>]*/[^>]*>|[^()\[\]|{}<>]+")
_CONTRACTIONS = (
    ("I'd like", "I would like"), ("I'd love", "I would love"), ("I'm", "I am"), ("I'll", "I will"),
    ("what's", "what is"), ("that's", "that is"), ("there's", "there is"), ("it's", "it is"), ("don't", "do not"),
    ("couldn't", "could not"), ("isn't", "is not"), ("I've", "I have"), ("can't", "cannot"),
)  # fmt: skip
_CONTRACTION = re.compile("|".join(rf"\b{short}\b" for short, _ in _CONTRACTIONS))
_LONG = dict(_CONTRACTIONS)
_SHORTENED = 0.8  # share of contractions that are used


@dataclasses.dataclass(frozen=True, slots=True)
class Template:
    """A compiled template.

    Attributes:
      nodes: what to expand.
      names: the names in braces.
      silent: whether it says none of the act's values.
    """

    nodes: tuple[Node, ...]
    names: frozenset[str]
    silent: bool


Piece = tuple[Literal["text", "value"], str]
"""Expanded: a literal, or a slot (or another name in braces) still to be filled."""


def compile_template(source: str) -> Template:
    """Compiles a template.

    Args:
      source: the template as written.

    Returns:
      The compiled template.

    Raises:
      ValueError: brackets do not match.
    """
    text = source.removeprefix("~")
    tokens = _TOKEN.findall(text)
    alternatives, rest = _parse(tokens, 0)
    if rest != len(tokens) or len(alternatives) != 1 or "".join(tokens) != text:
        raise ValueError(f"the template {source!r} has brackets that do not match")
    return Template(alternatives[0], frozenset(re.findall(r"\{(\w+)\}", text)), text is not source)


def _parse(tokens: list[str], at: int) -> tuple[list[tuple[Node, ...]], int]:
    """The alternatives from token `at` on, and the place of the bracket that closes them or the end; -1: no match."""
    alternatives: list[tuple[Node, ...]] = []
    nodes: list[Node] = []
    while at < len(tokens) and tokens[at] not in (")", "]"):
        token = tokens[at]
        if token in ("(", "["):
            inside, at = _parse(tokens, at + 1)
            if at in (-1, len(tokens)) or tokens[at] != (")" if token == "(" else "]"):
                return [], -1
            nodes.append(("choice", (*inside, *(((),) if token == "[" else ()))))
        elif token == "|":
            alternatives.append(tuple(nodes))
            nodes = []
        else:
            nodes.extend(_leaf(token))
        at += 1
    return [*alternatives, tuple(nodes)], at


def _leaf(token: str) -> list[Node]:
    if token[0] == "{":
        return [("value", token[1:-1])]
    if token[0] == "<":
        slot, forms = token[1:-1].split(":")
        return [("number", slot, *forms.split("/"))]
    nodes: list[Node] = []
    at = 0
    for match in _CONTRACTION.finditer(token):
        nodes += [("text", token[at : match.start()]), ("contraction", match.group(), _LONG[match.group()])]
        at = match.end()
    return [*nodes, ("text", token[at:])]


def expand(nodes: tuple[Node, ...], values: dict[str, str], rng: random.Random, out: list[Piece]) -> None:
    """Expands a compiled template, drawing alternatives.

    Args:
      nodes: the compiled template's nodes.
      values: slot to canonical value, for number agreement.
      rng: the source of randomness.
      out: the pieces are appended here.
    """
    for node in nodes:
        kind = node[0]
        if kind == "text" or kind == "value":
            out.append(node)  # type: ignore[arg-type]
        elif kind == "choice":
            options = node[1]
            expand(options[int(rng.random() * len(options))], values, rng, out)
        elif kind == "contraction":
            out.append(("text", node[1] if rng.random() < _SHORTENED else node[2]))
        else:
            out.append(("text", node[2] if values.get(node[1]) == "1" else node[3]))
