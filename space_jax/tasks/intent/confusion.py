"""What a classifier confuses: the matrix of the labels that it confuses most; precision and recall of each label."""

import collections
import dataclasses
from collections.abc import Mapping, Sequence

from space_jax.corpora.html_page import breakable

MOST_LABELS = 10  # rows of a matrix; all others are one more
OTHERS = "all others"

STYLE = """
.scroll { overflow-x: auto; }
table.matrix td.n, table.matrix th.n { text-align: center; min-width: 1.7rem; padding: .25rem .15rem; }
table.matrix th { font-weight: 400; } table.matrix .last { border-left: 1px solid var(--line); }
table.labels { width: 100%; max-width: 52rem; }
@media (max-width: 30rem) {
  table.matrix { font-size: .75rem; } table.matrix td.n, table.matrix th.n { min-width: 1.25rem; padding: .25rem 0; }
  table.labels th { font-size: .72rem; } table.labels td, table.labels th { padding: .25rem .15rem; }
}
"""


@dataclasses.dataclass(frozen=True)
class Confusions:
    """Counts of (true, predicted) labels, which may be different sets."""

    pairs: Mapping[tuple[str, str], int]

    @classmethod
    def of(cls, pairs: Sequence[tuple[str, str]]) -> "Confusions":
        """Counts the pairs."""
        return cls(collections.Counter(pairs))

    def true(self, label: str) -> int:
        """How many have the label."""
        return sum(count for (true, _), count in self.pairs.items() if true == label)

    def given(self, label: str) -> int:
        """How many were given the label."""
        return sum(count for (_, given), count in self.pairs.items() if given == label)

    def right(self, label: str) -> int:
        """How many have it and were given it."""
        return self.pairs.get((label, label), 0)

    @property
    def labels(self) -> list[str]:
        """All labels, by name."""
        return sorted({label for pair in self.pairs for label in pair})

    def most_confused(self, count: int) -> list[str]:
        """At most `count` labels: those of the commonest confusions side by side, then others by name."""
        between: collections.Counter[tuple[str, str]] = collections.Counter()
        for pair, number in self.pairs.items():
            if len(set(pair)) == 2:
                between[min(pair), max(pair)] += number
        commonest = sorted(between, key=lambda pair: (-between[pair], pair))
        chosen: dict[str, None] = {}
        for pair in commonest:
            if len({*chosen, *pair}) <= count:
                chosen |= dict.fromkeys(pair)
        return [*chosen, *(label for label in self.labels if label not in chosen)][:count]


def matrix(confusions: Confusions) -> str:
    """The matrix as an HTML table: a row for each true label, a column for each predicted one, numbered alike."""
    shown = confusions.most_confused(MOST_LABELS)
    others = len(confusions.labels) > len(shown)
    place = {label: number for number, label in enumerate(shown)}
    size = len(shown) + others
    counts = [[0] * size for _ in range(size)]
    for (true, given), number in confusions.pairs.items():
        counts[place.get(true, size - 1)][place.get(given, size - 1)] += number
    names = [*shown, *([OTHERS] if others else [])]
    numbers = [*map(str, range(1, len(shown) + 1)), *(["…"] if others else [])]
    head = "".join(f'<th class="n{_last(n, size, others)}">{number}</th>' for n, number in enumerate(numbers))
    rows = "".join(
        f"<tr><th>{numbers[y]} {breakable(names[y])}</th>{_cells(counts[y], y, others)}</tr>" for y in range(size)
    )
    head = f"<tr><th>true \\ predicted</th>{head}</tr>"
    return f'<div class="scroll"><table class="matrix">{head}{rows}</table></div>'


def _cells(row: Sequence[int], y: int, others: bool) -> str:
    """The cells of a row, shaded by their shares of it; that of all others in their own row is right and wrong."""
    cells = []
    for x, count in enumerate(row):
        kind = f"n{_last(x, len(row), others)}"
        if not count:
            cells.append(f'<td class="{kind}"></td>')
            continue
        mixed = others and x == y == len(row) - 1
        name, share = "right" if x == y else "wrong", 0.12 + 0.5 * count / sum(row)
        colour = "" if mixed else f' style="background:rgba(var(--{name}-cell),{share:.2f})"'
        cells.append(f'<td class="{kind}"{colour}>{count:,}</td>')
    return "".join(cells)


def _last(x: int, size: int, others: bool) -> str:
    return " last" if others and x == size - 1 else ""


def label_table(confusions: Confusions, training: Mapping[str, int]) -> str:
    """Precision and recall of each label as an HTML table, the lowest recall first.

    Args:
      confusions: of all records.
      training: label -> its training records.
    """
    rows = sorted((_share(confusions.right(label), confusions.true(label)), label) for label in confusions.labels)
    cells = "".join(_row(confusions, label, training.get(label, 0)) for _, label in rows)
    heads = ("recall", "precision", "true", "given", "in training")
    head = "".join(f'<th class="n">{name}</th>' for name in heads)
    return f'<table class="labels"><tr><th>label</th>{head}</tr>{cells}</table>'


def _row(confusions: Confusions, label: str, training: int) -> str:
    true, given, right = confusions.true(label), confusions.given(label), confusions.right(label)
    numbers = (_percent(right, true), _percent(right, given), f"{true:,}", f"{given:,}", f"{training:,}")
    return f"<tr><td>{breakable(label)}</td>" + "".join(f'<td class="n">{text}</td>' for text in numbers) + "</tr>"


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 2.0  # what no record has comes last


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f}%" if whole else "–"
