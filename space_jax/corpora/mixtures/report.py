"""The report of a selection for people, in lines of text."""

from collections.abc import Iterator
from typing import Any

GUARD_FILE = "guard.json"
"""In the folder of a prepared mixture: the report, with the ids of what the guard dropped."""

_COLUMNS = ("read", "dropped by the guard", "exact duplicates", "near duplicates", "not drawn", "held out", "kept")


def summary(report: dict[str, Any]) -> Iterator[str]:
    """A line for each source, under it one for each reason of the guard, and the benchmarks that could not be guarded.

    Args:
      report: of `selection.Selection`.
    """
    for name, source in report["sources"].items():
        yield f"{name}: " + ", ".join(f"{source[column]} {column}" for column in _COLUMNS)
        if "few" in source:
            few = source["few"]
            said = f"{few['kept']} of the {few['drawn']} dialogues drawn keep their labels, and no others"
            yield f"  few: {few['shots']}, seed {few['seed']}: {said}"
        for drop in source["guard"]:
            yield f"  guard: {drop['dialogues']} by {drop['reason']} of {drop['benchmark']}"
    absent = report["not at hand, not guarded"]
    if absent:
        yield f"not guarded, because no files of them are there: {', '.join(absent)}"
