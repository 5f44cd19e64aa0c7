"""Several runs that differ in their seed: mean and spread."""

import os
import statistics
from collections.abc import Mapping

import jax

from space_jax.tasks.task import Json
from space_jax.tasks.workdir import write_json
from space_jax.training.workdir import Workdir

SUMMARY = "summary.json"
_COUNTS = ("step", "training_records", "validation_records", "seconds_of_the_last_call")


def summarise(workdir: str | os.PathLike[str], runs: Mapping[int, Json]) -> Json:
    """Mean and sample standard deviation of every score; written to `summary.json`.

    Args:
      workdir: of all runs.
      runs: seed -> what `results.json` of the run holds.

    Returns:
      `{"seeds": [...], "accuracy": {"mean": ..., "deviation": ..., "of_each": [...]}, ...}`; the deviation of a single
      run is 0.
    """
    first = next(iter(runs.values()))
    names = [name for name, value in first.items() if isinstance(value, float) and name not in _COUNTS]
    summary: Json = {"seeds": list(runs)}
    for name in names:
        values = [run[name] for run in runs.values()]
        deviation = statistics.stdev(values) if len(values) > 1 else 0.0
        summary[name] = {"mean": statistics.fmean(values), "deviation": deviation, "of_each": values}
    if jax.process_index() == 0:
        place = Workdir(workdir)
        place.fetch()
        place.local.mkdir(parents=True, exist_ok=True)
        write_json(place.local / SUMMARY, summary)
        place.publish()
    return summary
