"""From the logits of a linear head to labels: probabilities, what is out of scope, and how good both are.

Of an utterance `raw` gives `{"logits": [C], "distance": from the training utterances in scope, ...}`; `labelled` makes
of it what a user reads. Out of scope by way:

  class      the label is one of the classes, and wins or not
  threshold  not a class; the probability of the likeliest class is below a threshold
  distance   a class if training has examples, and never chosen as such: its probability is missing to the intents,
             whose likeliest one keeps its utterances unless they are further outside than a threshold
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from space_jax.tasks.directions import unit
from space_jax.tasks.intent.calibration import (
    best_temperature,
    calibration_error,
    coverage_accuracies,
    log_probabilities,
)
from space_jax.tasks.intent.outside import (
    false_alarms,
    neighbour_distance,
    outsideness,
    recall_at_cost,
    roc_area,
    strictest_threshold,
)
from space_jax.tasks.intent.scores import best_threshold
from space_jax.tasks.task import Json

ALTERNATIVES = 3  # labels listed in a prediction
_DIGITS = 6


@dataclasses.dataclass(frozen=True)
class Decision:
    """How labels are chosen.

    Attributes:
      classes: names, in the order of the logits.
      way: "class", "threshold" or "distance".
      outside: the label of what is out of scope.
      cost: of in-scope accuracy, that the threshold of the distance may have on validation.
    """

    classes: Sequence[str]
    way: str
    outside: str
    cost: float

    @property
    def calibrated(self) -> tuple[str, ...]:
        """The names of the values that `calibrate` gives."""
        return ("temperature",) if self.way == "class" else ("temperature", "threshold")

    def raw(self, scores: np.ndarray, vectors: np.ndarray, bank: np.ndarray | None) -> list[Json]:
        """One object an utterance.

        Args:
          scores: `[B, C]`, probabilities; their logarithms are the logits less a constant.
          vectors: `[B, H]`.
          bank: `[N, H]` of length 1: the training utterances in scope, for the distance; None for the other ways.
        """
        rows: list[Json] = [{"logits": row} for row in np.log(np.maximum(scores, np.finfo(np.float32).tiny))]
        if bank is None:
            return rows
        distances = neighbour_distance(unit(vectors), bank)
        return [{**row, "distance": float(far)} for row, far in zip(rows, distances, strict=True)]

    def calibrate(self, truths: Sequence[str | None], raw: Sequence[Json]) -> dict[str, float]:
        """Temperature and threshold by utterances with their true labels."""
        labels, logits = self._known(truths), self._logits(raw)
        temperature = best_temperature(logits[labels >= 0], labels[labels >= 0])
        if self.way == "class":
            return {"temperature": temperature}
        scores, right, outside = self._judged(truths, raw, temperature)
        if self.way == "threshold":
            return {"temperature": temperature, "threshold": best_threshold(right, outside, -scores)}
        threshold = strictest_threshold(right, ~outside, scores, self.cost)
        return {"temperature": temperature, "threshold": threshold}

    def labelled(self, raw: Sequence[Json], calibration: Json) -> list[Json]:
        """The predictions: `{"label", "score", "next"}`, with `nearest` and `outside` where they say something."""
        logs = log_probabilities(self._logits(raw), calibration.get("temperature", 1.0))
        chosen = logs if self.way == "class" else self._intents(logs)
        order = np.argsort(-chosen, axis=1, kind="stable")[:, :ALTERNATIVES]
        far, limit = self._scores(raw, logs), self._limit(calibration)
        return [
            self._prediction(one, top[np.isfinite(row[top])], np.exp(row), outside, limit)
            for one, top, row, outside in zip(raw, order, chosen, far, strict=True)
        ]

    def _prediction(self, raw: Json, top: np.ndarray, scores: np.ndarray, outside: float, limit: float) -> Json:
        rest = {name: value for name, value in raw.items() if name not in ("logits", "distance")}
        found = named(self.classes, top, scores) | rest
        if self.way == "distance":
            found["outside"] = round(float(outside), _DIGITS)
        return {**found, "label": self.outside, "nearest": found["label"]} if outside > limit else found

    def reliability(self, truths: Sequence[str | None], raw: Sequence[Json], calibration: Json) -> dict[str, float]:
        """Calibration error before and after, accuracy by coverage, and how well the outside is told from the inside.

        Of the coverage, what is taken as out of scope is the last to be answered, by its likeliest intent. The measures
        of the outside hold for all thresholds, not only for that of `calibration`.

        Args:
          truths: the true labels.
          raw: of `raw`, of the same utterances.
          calibration: of `calibrate`, with others.
        """
        labels, logits, temperature = self._known(truths), self._logits(raw), calibration.get("temperature", 1.0)
        known = labels >= 0
        hits = logits[known].argmax(axis=1) == labels[known]
        before, after = (np.exp(log_probabilities(logits[known], t).max(axis=1)) for t in (1.0, temperature))
        measures = {
            "calibration_error_before": calibration_error(before, hits),
            "calibration_error": calibration_error(after, hits),
        }
        scores, right, outside = self._judged(truths, raw, temperature)
        answers = self.labelled(raw, calibration)
        certainty = np.array([one["score"] - (one["label"] == self.outside) for one in answers])
        measures |= coverage_accuracies(certainty, right)
        if outside.any() and not outside.all():
            measures |= {
                "out_of_scope_auroc": roc_area(scores, outside),
                "out_of_scope_fpr_at_recall_95": false_alarms(scores, outside),
                "out_of_scope_recall_at_cost": recall_at_cost(right, outside, scores, self.cost),
            }
        return measures

    def _judged(
        self, truths: Sequence[str | None], raw: Sequence[Json], temperature: float
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of each utterance how far outside it is, whether its likeliest intent is right, and whether it is outside."""
        logs = log_probabilities(self._logits(raw), temperature)
        best = self._intents(logs).argmax(axis=1)
        right = np.array([self.classes[n] == truth for n, truth in zip(best, truths, strict=True)], bool)
        return self._scores(raw, logs), right, np.array([truth == self.outside for truth in truths], bool)

    def _scores(self, raw: Sequence[Json], logs: np.ndarray) -> np.ndarray:
        """How far outside each utterance is, `[B]`; a comparison of probabilities where there are no distances."""
        likeliest = self._intents(logs).max(axis=1)
        if self.way == "distance":
            return outsideness(np.array([one["distance"] for one in raw]), likeliest)
        return -np.exp(likeliest)

    def _limit(self, calibration: Json) -> float:
        """What lies further outside is out of scope."""
        if self.way == "class":
            return np.inf
        threshold = calibration.get("threshold")
        if self.way == "distance":
            return np.inf if threshold is None else float(threshold)
        return -float(threshold or 0.0)

    def _intents(self, logs: np.ndarray) -> np.ndarray:
        """The classes that are intents; that of what is out of scope at minus infinity, if there are others."""
        intents = np.array([name != self.outside for name in self.classes])
        return np.where(intents | ~intents.any(), logs, -np.inf)

    def _logits(self, raw: Sequence[Json]) -> np.ndarray:
        return np.stack([one["logits"] for one in raw]) if raw else np.zeros((0, len(self.classes)))

    def _known(self, truths: Sequence[Any]) -> np.ndarray:
        """The class of each label, -1 for none."""
        index = {name: n for n, name in enumerate(self.classes)}
        return np.array([index.get(truth, -1) for truth in truths], int)


def named(classes: Sequence[str], top: np.ndarray, scores: np.ndarray) -> Json:
    """The label of the first of `top` with its score, and the next ones."""
    first, *others = ({"label": classes[n], "score": round(float(scores[n]), _DIGITS)} for n in top)
    return {**first, "next": others}
