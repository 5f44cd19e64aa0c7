"""Tables and picture of the cells that were run."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from benchmarks.claim.plan import ARMS, STARTS, TASKS

MEASURES = ("nearest", "means", "regression", "finetuned")
DRAWS = 10_000


def tables(records: Sequence[dict[str, Any]]) -> Iterator[str]:
    """For each start and measure the arms by task, and what `semi` is above each."""
    for start in STARTS:
        for measure in MEASURES:
            scores = by_arm(records, start, measure)
            if not scores:
                continue
            yield f"{start}, {measure}"
            yield f"| arm | seeds | {' | '.join(TASKS)} | mean | `semi` is above it by |"
            yield "| --- " * (len(TASKS) + 4) + "|"
            for arm, of_seeds in scores.items():
                values = np.array(list(of_seeds.values()))
                columns = " | ".join(f"{one:.1f}" for one in (*values.mean(axis=0), values.mean()))
                above = "" if arm == "semi" else gain(scores.get("semi", {}), of_seeds)
                yield f"| `{arm}` | {len(values)} | {columns} | {above} |"
            yield ""


def by_arm(records: Sequence[dict[str, Any]], start: str, measure: str) -> dict[str, dict[int, list[float]]]:
    """The scores of each arm by seed, in the order of the tasks; only of seeds all of whose tasks were run."""
    found: dict[str, dict[int, list[float]]] = {}
    for arm in ARMS:
        scores = {(r["seed"], r["task"]): r[measure] for r in records if (r["start"], r["arm"]) == (start, arm)}
        complete = [seed for seed in STARTS[start].all_seeds if all((seed, task) in scores for task in TASKS)]
        if complete:
            found[arm] = {seed: [scores[seed, task] for task in TASKS] for seed in complete}
    return found


def gain(ours: dict[int, list[float]], other: dict[int, list[float]]) -> str:
    """The mean difference over tasks of the seeds that both have, with its interval of 95%."""
    differences = np.array([np.mean(np.subtract(ours[seed], other[seed])) for seed in ours if seed in other])
    if not len(differences):
        return ""
    low, high = interval(differences)
    return f"{differences.mean():+.1f} ({low:+.1f} to {high:+.1f})"


def interval(values: np.ndarray) -> tuple[float, float]:
    """The 95% bootstrap interval of the mean of `[seeds]`, from draws of seeds with replacement."""
    rng = np.random.default_rng(0)
    means = values[rng.integers(len(values), size=(DRAWS, len(values)))].mean(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)


def draw(records: Sequence[dict[str, Any]], path: Path) -> bool:
    """A panel for each start: of each task and arm the mean after fine-tuning, with its interval over seeds.

    Returns:
      Whether there is a seed to show, all of whose tasks were run.
    """
    shown = {start: scores for start in STARTS if (scores := by_arm(records, start, "finetuned"))}
    if not shown:
        return False
    figure = Figure(figsize=(5 * len(shown), 4), layout="constrained")
    panels = np.atleast_1d(figure.subplots(1, len(shown)))
    for axes, (start, scores) in zip(panels, shown.items(), strict=True):
        for arm, of_seeds in scores.items():
            index, values = ARMS.index(arm), np.array(list(of_seeds.values()))
            means = values.mean(axis=0)
            ends = np.array([interval(column) for column in values.T]).T
            places = np.arange(len(TASKS)) + 0.15 * (index - 1.5)
            errors = np.abs(ends - means)
            axes.errorbar(places, means, errors, fmt="o", color=f"C{index}", label=f"{arm} ({len(values)} seeds)")
        axes.set_xticks(range(len(TASKS)), TASKS)
        axes.set_title(f"from {start}")
        axes.set_ylabel("accuracy (%) after fine-tuning")
        axes.legend()
    figure.savefig(path, dpi=100)
    return True
