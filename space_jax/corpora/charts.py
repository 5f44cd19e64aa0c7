"""Charts of a page: bars that lie, for names, as an HTML table; columns, for lengths, as inline SVG with both axes.

Every text is escaped. Sizes of a histogram are in units of its view box; the page scales it to its own width, so that a
phone shows all of it.
"""

import itertools
from collections.abc import Mapping, Sequence
from html import escape

from space_jax.corpora.html_page import breakable

WIDTH = 420
_COLUMNS, _HEIGHT, _LEFT, _TOP, _FOOT = 30, 140, 58, 8, 40  # columns; height of the highest; space for the axes
_LETTERS = ((10**9, "G"), (10**6, "M"), (10**3, "k"))
_TICKS = 4  # numbers on the vertical axis, at most

STYLE = """
svg { display: block; width: 100%; max-width: 34rem; height: auto; }
svg text { fill: var(--soft); font: 12px system-ui, sans-serif; }
svg .count { text-anchor: end; } svg .tick { text-anchor: middle; } svg .last { text-anchor: end; }
svg .bar { fill: var(--bar); } svg .axis { stroke: var(--soft); } svg .grid { stroke: var(--line); }
table.bars { width: 100%; max-width: 34rem; } table.bars th { font-weight: 400; width: 34%; }
table.bars td, table.bars th { border: 0; padding: .12rem .4rem .12rem 0; vertical-align: middle; }
table.bars td.n { width: 4.5rem; color: var(--soft); }
.bar-room { background: var(--line); } .bar-room div { height: .8rem; background: var(--bar); }
"""


def bars(values: Mapping[str, float], percent: bool = False) -> str:
    """One bar per name; the longest fills the width.

    Args:
      values: name -> length, in the order to be shown.
      percent: the values are shares, and a full bar is 1.
    """
    most = 1.0 if percent else max(values.values(), default=0) or 1
    rows = "".join(
        f'<tr><th>{breakable(name)}</th><td>{bar(value / most)}</td><td class="n">{_number(value, percent)}</td></tr>'
        for name, value in values.items()
    )
    return f'<table class="bars">{rows}</table>'


def bar(share: float) -> str:
    """A bar that fills a share of its room."""
    return f'<div class="bar-room"><div style="width:{100 * share:.1f}%"></div></div>'


def columns(title: str, counts: Mapping[int, int], unit: str, counted: str) -> str:
    """A histogram of lengths, in at most 30 columns of equal width; the last percent is merged at its right end.

    Args:
      title: what is shown; a screen reader reads it.
      counts: length -> how many have it.
      unit: of the lengths, below the axis.
      counted: what has these lengths, beside the axis.
    """
    width, heights = _binned(counts)
    step = (WIDTH - _LEFT) / max(len(heights), 1)
    ticks = ticks_up_to(max(heights, default=0))
    scale = _HEIGHT / ticks[-1]
    names = _names(counts, width, len(heights))
    drawn = [_vertical(_compact(tick, ticks[-1]), _TOP + _HEIGHT - tick * scale) for tick in ticks]
    for index, (count, name) in enumerate(zip(heights, names, strict=True)):
        height = max(1.0, count * scale) if count else 0.0
        drawn.append(
            f"<g><title>{name} {escape(unit)}: {count:,} {escape(counted)}</title>"
            f'<rect class="bar" x="{_LEFT + index * step + step * 0.06:.1f}" y="{_TOP + _HEIGHT - height:.1f}" '
            f'width="{step * 0.88:.1f}" height="{height:.1f}"/></g>'
        )
    foot = _TOP + _HEIGHT
    drawn += _horizontal(names, step, foot + 15)
    drawn.append(f'<line class="axis" x1="{_LEFT}" y1="{foot}" x2="{WIDTH}" y2="{foot}"/>')
    drawn.append(f'<text class="tick" x="{(_LEFT + WIDTH) / 2}" y="{foot + 33}">{escape(unit)}</text>')
    middle = _TOP + _HEIGHT / 2
    drawn.append(f'<text class="tick" x="10" y="{middle}" transform="rotate(-90 10 {middle})">{escape(counted)}</text>')
    return (
        f'<svg role="img" aria-label="{escape(title)}" viewBox="0 0 {WIDTH} {foot + _FOOT}">'
        f"<title>{escape(title)}</title>{''.join(drawn)}</svg>"
    )


def _vertical(number: str, y: float) -> str:
    line = f'<line class="grid" x1="{_LEFT}" y1="{y:.1f}" x2="{WIDTH}" y2="{y:.1f}"/>'
    return f'{line}<text class="count" x="{_LEFT - 5}" y="{y + 4:.1f}">{number}</text>'


def _horizontal(names: Sequence[str], step: float, y: float) -> list[str]:
    """The names of some columns, as many as there is room for; the last has its own if it is open-ended."""
    open_ended = bool(names) and names[-1].endswith("more")
    room = 7 * max(map(len, names[:-1] or names), default=1) + 8
    every = max(1, -(-int(room) // max(int(step), 1)))
    end = WIDTH - (7 * len(names[-1]) + 8 if open_ended else 0)
    drawn = []
    for index in range(0, len(names) - open_ended, every):
        middle = _LEFT + (index + 0.5) * step
        if middle + room / 2 <= end + 8:
            drawn.append(f'<text class="tick" x="{middle:.1f}" y="{y}">{names[index]}</text>')
    if open_ended:
        drawn.append(f'<text class="last" x="{WIDTH}" y="{y}">{names[-1]}</text>')
    return drawn


def ticks_up_to(most: int) -> list[int]:
    """Round numbers from 0 to at least `most`, at most five of them.

    >>> ticks_up_to(87)
    [0, 50, 100]
    """
    most = max(most, 1)
    steps = (factor * 10**power for power in itertools.count() for factor in (1, 2, 5))
    step = next(step for step in steps if step * _TICKS >= most)
    return list(range(0, most + step, step)) if most % step else list(range(0, most + 1, step))


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


def _names(counts: Mapping[int, int], width: int, number: int) -> list[str]:
    """What each column holds: "3", "4–7", of the last perhaps "16 and more"."""
    names = [str(n) if width == 1 else f"{n * width}–{n * width + width - 1}" for n in range(number)]
    if names and max(counts) >= number * width:
        names[-1] = f"{(number - 1) * width} and more"
    return names


def _number(value: float, percent: bool) -> str:
    return f"{value:.1%}" if percent else f"{value:,.0f}"


def _compact(tick: int, top: int) -> str:
    """A number of an axis that goes up to `top`: "5k", "1.5M"."""
    size, letter = next(((size, letter) for size, letter in _LETTERS if top >= 10 * size), (1, ""))
    return f"{tick / size:g}{letter}" if letter and tick else f"{tick:,}"
