"""Charts as inline SVG: bars that lie, for names, and columns, for lengths. Every text is escaped.

Sizes are in units of the view box; the page scales a chart to its own width, so that a phone shows all of it.
"""

from collections.abc import Mapping, Sequence
from html import escape

WIDTH = 420
_ROW, _LABEL, _NUMBER = 22, 158, 62  # height of a bar's row, width of its name and of its number
_COLUMNS, _HEIGHT, _FOOT = 40, 140, 34  # columns of a histogram, height of the highest, space for the axis
_LONGEST_NAME = 22


def bars(title: str, values: Mapping[str, float], percent: bool = False) -> str:
    """One bar per name; the longest fills the width.

    Args:
      title: of the chart; a screen reader reads it with the values.
      values: name -> length, in the order to be shown.
      percent: the values are shares, and a full bar is 1.
    """
    most = 1.0 if percent else max(values.values(), default=0) or 1
    room = WIDTH - _LABEL - _NUMBER
    rows = []
    for index, (name, value) in enumerate(values.items()):
        top = index * _ROW
        length = max(1.0, value / most * room) if value else 0.0
        middle = top + _ROW * 0.68
        rows.append(
            f"<g><title>{escape(name)}: {_number(value, percent)}</title>"
            f'<text class="name" x="{_LABEL - 8}" y="{middle:.1f}">{escape(_short(name))}</text>'
            f'<rect class="bar" x="{_LABEL}" y="{top + 4}" width="{length:.1f}" height="{_ROW - 8}"/>'
            f'<text class="number" x="{_LABEL + length + 6:.1f}" y="{middle:.1f}">{_number(value, percent)}</text></g>'
        )
    return _svg(title, len(values) * _ROW, rows)


def columns(title: str, counts: Mapping[int, int], unit: str) -> str:
    """A histogram of lengths, in at most 40 columns of equal width; the last percent is merged at its right end.

    Args:
      title: what is shown.
      counts: length -> how many have it.
      unit: of the lengths, below the axis.
    """
    width, heights = _binned(counts)
    most = max(heights, default=0) or 1
    step = WIDTH / max(len(heights), 1)
    drawn = []
    for index, count in enumerate(heights):
        height = max(1.0, count / most * _HEIGHT) if count else 0.0
        last = index == len(heights) - 1
        span = _span(index * width, width, last and max(counts, default=0) >= (index + 1) * width)
        drawn.append(
            f'<g><title>{span} {escape(unit)}: {count:,}</title><rect class="bar" x="{index * step + 1:.1f}" '
            f'y="{_HEIGHT - height:.1f}" width="{max(step - 2, 1):.1f}" height="{height:.1f}"/></g>'
        )
    every = -(-len(heights) // 8) or 1
    for index in range(0, len(heights) - every // 2, every):  # a number at the right end would be cut
        drawn.append(f'<text class="tick" x="{(index + 0.5) * step:.1f}" y="{_HEIGHT + 16}">{index * width}</text>')
    drawn.append(f'<line class="axis" x1="0" y1="{_HEIGHT}" x2="{WIDTH}" y2="{_HEIGHT}"/>')
    drawn.append(f'<text class="unit" x="{WIDTH}" y="{_HEIGHT + 32}">{escape(unit)}</text>')
    return _svg(title, _HEIGHT + _FOOT + 4, drawn)


def _svg(title: str, height: float, content: Sequence[str]) -> str:
    return (
        f'<svg role="img" aria-label="{escape(title)}" viewBox="0 0 {WIDTH} {max(height, 1)}">'
        f"<title>{escape(title)}</title>{''.join(content)}</svg>"
    )


def _binned(counts: Mapping[int, int]) -> tuple[int, list[int]]:
    """The width of a column and the counts of the columns."""
    if not counts:
        return 1, []
    left = sum(counts.values()) * 0.99
    end = 0
    for length in sorted(counts):
        end = length
        left -= counts[length]
        if left <= 0:
            break
    width = end // _COLUMNS + 1
    heights = [0] * (end // width + 1)
    for length, count in counts.items():
        heights[min(length // width, len(heights) - 1)] += count
    return width, heights


def _span(start: int, width: int, open_ended: bool) -> str:
    if open_ended:
        return f"{start} and more"
    return str(start) if width == 1 else f"{start} to {start + width - 1}"


def _number(value: float, percent: bool) -> str:
    return f"{value:.1%}" if percent else f"{value:,.0f}"


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"
