"""What the curves look like.

One run has two colours: training and held-out data. Several runs have one colour each, training being the thin lines.
The colours are those of Okabe and Ito (2008), which people with any kind of colour vision tell apart; widths, markers
and dashes say the same again.
"""

import dataclasses
from typing import Any

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = "osD^vPX"
_DASHES = ("-", "--")
MOST_RUNS = len(PALETTE) * len(_DASHES)


@dataclasses.dataclass(frozen=True)
class Style:
    """How a run is drawn: keyword arguments for `Axes.plot`."""

    training: dict[str, Any]
    held_out: dict[str, Any]


def styles(count: int) -> list[Style]:
    """The look of each of `count` runs, at most `MOST_RUNS`."""
    if count == 1:
        strong = {"color": PALETTE[1], "linewidth": 1.6, "marker": "o", "markersize": 4}
        return [Style({"color": PALETTE[5], "linewidth": 0.9}, strong)]
    looks = []
    for number in range(count):
        dashes, of_palette = divmod(number, len(PALETTE))
        colour = {"color": PALETTE[of_palette], "linestyle": _DASHES[dashes]}
        marked = {"marker": MARKERS[of_palette], "markersize": 4, "linewidth": 1.6}
        looks.append(Style({**colour, "linewidth": 0.7, "alpha": 0.4}, {**colour, **marked}))
    return looks
