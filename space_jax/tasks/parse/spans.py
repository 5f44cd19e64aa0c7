"""Trees as labelled spans of words, and back.

A span has one label: the labels of all nodes that cover exactly its words, from the top down, joined by a blank. In
`[IN:A [SL:B [IN:C x ] ] ]` the span of x has the label `IN:A SL:B IN:C`. A tree is thereby a set of spans that do not
cross, of which one covers everything; and such a set is a tree if intents stand in slots and slots in intents.

Source: Pasupat et al., "Span-based Hierarchical Semantic Parsing for Task-Oriented Dialog", EMNLP 2019, section 2.
"""

from collections.abc import Mapping

from space_jax.dialogue.parse_tree import INTENT, Node

Span = tuple[int, int]
"""First word, word after the last."""


def spans_of(root: Node) -> dict[Span, str]:
    """The label of each span of a tree. A node without words is in no span, and is left out."""
    spans: dict[Span, str] = {}

    def walk(node: Node, first: int) -> int:
        after, inner = first, []
        for child in node.children:
            if isinstance(child, str):
                after += 1
            else:
                inner.append((child, after))
                after += _length(child)
        if after > first:
            spans[first, after] = f"{spans[first, after]} {node.label}" if (first, after) in spans else node.label
        for child, start in inner:
            walk(child, start)
        return after

    walk(root, 0)
    return spans


def tree_of(spans: Mapping[Span, str], words: list[str]) -> Node:
    """The tree of spans that do not cross, of which one covers all words.

    Raises:
      ValueError: spans that cross, or none over all words.
    """
    inside_first = sorted(spans, key=lambda span: (span[1] - span[0], span))
    built: dict[Span, Node] = {}
    for first, last in inside_first:
        children: list[Node | str] = []
        at = first
        while at < last:
            ends = [end for start, end in built if start == at and end <= last]
            children.append(built[at, max(ends)] if ends else words[at])
            at = max(ends, default=at + 1)
        within = [span for span in built if span[0] >= first and span[1] <= last]
        if any(start < first < end or start < last < end for start, end in built):
            raise ValueError(f"a span crosses {(first, last)}")
        for span in within:
            del built[span]
        built[first, last] = _chain(spans[first, last], tuple(children))
    if list(built) != [(0, len(words))]:
        raise ValueError(f"expected one span over {len(words)} words, found {sorted(built)}")
    return built[0, len(words)]


def kinds(label: str) -> tuple[int, int]:
    """Whether a label's top and bottom node are intents: 1, or slots: 0."""
    names = label.split(" ")
    return int(names[0].startswith(INTENT)), int(names[-1].startswith(INTENT))


def _chain(label: str, children: tuple[Node | str, ...]) -> Node:
    *above, last = label.split(" ")
    node = Node(last, children)
    for name in reversed(above):
        node = Node(name, (node,))
    return node


def _length(node: Node) -> int:
    return sum(1 if isinstance(child, str) else _length(child) for child in node.children)
