"""The best tree over the words of an utterance, exactly, by dynamic programming (Cocke, Kasami, Younger).

The model gives each span a distribution over labels and "none", as if spans knew nothing of each other. The tree that
it finds most probable maximises

    sum over labelled spans of log p(label) - log p(none)

among the sets of spans that do not cross, whose widest covers all words and is an intent, and in which slots stand
right within intents and intents right within slots. The result is therefore always a well-formed tree.

Source: the chart of Stern et al., "A Minimal Span-Based Neural Constituency Parser", ACL 2017, section 3, with the
alternation of intents and slots added.
"""

import numpy as np

from space_jax.tasks.parse.spans import Span

SLOT, INTENT = 0, 1


def best_tree(best: np.ndarray, choice: np.ndarray, labels: list[str]) -> dict[Span, str]:
    """The labelled spans of the best tree.

    Args:
      best: `[n, n, 2, 2]`, of the span from word i to word j included, the highest log p(label) - log p(none) among the
        labels whose top node is of the third axis' kind and whose bottom node of the fourth's (`SLOT`, `INTENT`);
        -inf where there are no such labels. Only i <= j is read.
      choice: `[n, n, 2, 2]` int, the label that has it.
      labels: by number, see `spans`; one at least has an intent at its top.

    Returns:
      Span -> label, with a span over all n words, n at least 1.
    """
    n = best.shape[0]
    # forest[i, j, k]: of words i to j, the nodes at the top being of kind k. inner: the same, no node covers them all.
    forest, inner = np.zeros((n, n, 2)), np.zeros((n, n, 2))
    split, bottoms = np.zeros((n, n, 2), int), np.full((n, n, 2), -1)
    for width in range(n):
        for i in range(n - width):
            j = i + width
            if width:
                sums = forest[i, i:j] + forest[i + 1 : j + 1, j]
                split[i, j] = sums.argmax(axis=0)
                inner[i, j] = sums.max(axis=0)
            for top in (SLOT, INTENT):
                # Right under a node are nodes of the kind that its bottom node is not.
                covered = [best[i, j, top, bottom] + inner[i, j, 1 - bottom] for bottom in (SLOT, INTENT)]
                bottom = int(covered[INTENT] > covered[SLOT])
                is_root = width == n - 1 and top == INTENT
                if covered[bottom] > inner[i, j, top] or is_root:
                    bottoms[i, j, top], forest[i, j, top] = bottom, covered[bottom]
                else:
                    forest[i, j, top] = inner[i, j, top]
    return _read_off(split, bottoms, choice, labels)


def _read_off(split: np.ndarray, bottoms: np.ndarray, choice: np.ndarray, labels: list[str]) -> dict[Span, str]:
    spans: dict[Span, str] = {}
    waiting = [(0, len(split) - 1, INTENT)]
    while waiting:
        i, j, kind = waiting.pop()
        bottom = int(bottoms[i, j, kind])
        if bottom >= 0:
            spans[i, j + 1] = labels[choice[i, j, kind, bottom]]
            kind = 1 - bottom
        if i < j:
            middle = i + int(split[i, j, kind])
            waiting += [(i, middle, kind), (middle + 1, j, kind)]
    return spans
