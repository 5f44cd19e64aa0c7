"""The small parts of a checkpoint, and the checksums by which a damaged one is told from a whole one.

Arrays have checksums of Orbax's own. Facts, results and rank are JSON, which it takes as it is.
"""

import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from space_jax.errors import UserError

FACTS, RESULTS, RANK, CHECKSUMS = "facts", "results", "rank", "checksums"


class Notes(NamedTuple):
    """The small parts of a checkpoint.

    Attributes:
      facts: of the run, from `facts.run_facts`.
      results: the last held-out metrics; those that are not finite are NaN.
      rank: of the state among the evaluated ones, less is better; None where it was not the best so far.
    """

    facts: dict[str, Any]
    results: dict[str, float]
    rank: float | None


def checked(step: int, notes: Notes) -> dict[str, dict[str, Any]]:
    """What is saved as JSON with a step: facts, results (null where they are not finite), the checksum of each part."""
    results = {name: value if math.isfinite(value) else None for name, value in notes.results.items()}
    parts = {FACTS: notes.facts, RESULTS: results, RANK: notes.rank}
    sums = {name: _checksum(step, part) for name, part in parts.items()}
    return {FACTS: notes.facts, RESULTS: results, CHECKSUMS: sums}


def verified(step: int, parts: Mapping[str, Any], where: str) -> Notes:
    """The notes of a step, if they are what was saved with it.

    Args:
      step: the number by which the checkpoint goes.
      parts: what `checked` gave, as read, and the rank.
      where: the checkpoint, for the message.

    Raises:
      UserError: a part has another value, or belongs to another step; the message names the part.
    """
    for name in (FACTS, RESULTS, RANK):
        if _checksum(step, parts[name]) != parts[CHECKSUMS].get(name):
            raise UserError(f"{where}: its {name} cannot be read (not what was saved with step {step})")
    results = {name: math.nan if value is None else value for name, value in parts[RESULTS].items()}
    return Notes(parts[FACTS], results, parts[RANK])


def _checksum(step: int, part: Any) -> str:
    return hashlib.sha256(json.dumps([step, part], sort_keys=True).encode()).hexdigest()
