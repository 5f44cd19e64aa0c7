"""Ways to tell that an utterance is out of scope, on CLINC150, with the vectors and logits of a run.

space-jax finetune --config configs/finetune/clinc150.py --workdir runs/clinc150 --init minilm --config.task.head=frozen
python benchmarks/out_of_scope.py --workdir runs/clinc150 --out benchmarks/results/out_of_scope.json

Rows are measured twice. "held_out_of_train", on which k, the weight of the doubt and the default were chosen: of train
20 utterances an intent and 50 out of scope are kept back, and a head is fitted to the rest. "validation", which chose
none of them: the head is the run's. Temperature and threshold (at most one point of in-scope accuracy) come from one
half of the utterances and are measured on the other, for ten halves (seeds 0 to 4, each way round). `examples` says
whether training had some that are out of scope; without them the head is fitted anew, so only for a frozen one.
The row "chosen" takes on each half the row with the highest recall there. "as_shipped" has what `results.json` says of
the ways `class` and `distance`, temperature and threshold by all of validation, of the run, and for a frozen one of
heads fitted to ten utterances of each class (seeds 0, 1, 2). Heads fitted here have no names of labels to learn from.
"""

import argparse
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import scipy.optimize
import scipy.special

from space_jax.tasks.directions import unit
from space_jax.tasks.intent.calibration import best_temperature, log_probabilities
from space_jax.tasks.intent.decision import Decision
from space_jax.tasks.intent.logistic_regression import logistic_regression, one_hot
from space_jax.tasks.intent.outside import false_alarms, neighbour_distance, roc_area, strictest_threshold
from space_jax.tasks.intent.scores import accuracies
from space_jax.tasks.nearest_training import training_of
from space_jax.tasks.predictor import Predictor
from space_jax.tasks.shots import choose

OUTSIDE, COST, SEEDS, SHRINKAGE, STRENGTH = "oos", 0.01, range(5), 0.3, 30.0
HELD_BACK = {"an intent": 20, OUTSIDE: 50}


class Part:
    """Vectors `[N, H]` and labels."""

    def __init__(self, vectors: np.ndarray, labels: np.ndarray) -> None:
        self.vectors, self.labels, self.outside = vectors, labels, labels == OUTSIDE

    def of(self, chosen: np.ndarray) -> "Part":
        """Those of a mask."""
        return Part(self.vectors[chosen], self.labels[chosen])


def fitted(train: Part, held: Part, classes: list[str]) -> np.ndarray:
    """The logits `[N, C]` that a frozen head has for `held`."""
    index = np.array([classes.index(label) if label in classes else -1 for label in train.labels])
    targets = one_hot(index, len(classes))
    head = logistic_regression(train.vectors, targets, np.ones(len(index)), STRENGTH)
    return held.vectors @ head["kernel"] + head["bias"]


def mahalanobis(train: Part, held: Part) -> np.ndarray:
    """The squared distance to the nearest class mean under one covariance, shrunk towards a sphere."""
    names, index = np.unique(train.labels[~train.outside], return_inverse=True)
    vectors = train.vectors[~train.outside].astype(np.float64)
    means = np.stack([vectors[index == c].mean(axis=0) for c in range(len(names))])
    centred = vectors - means[index]
    covariance = centred.T @ centred / len(centred)
    sphere = np.trace(covariance) / len(covariance) * np.eye(len(covariance))
    values, axes = np.linalg.eigh((1 - SHRINKAGE) * covariance + SHRINKAGE * sphere)
    x, m = held.vectors @ axes / np.sqrt(values), means @ axes / np.sqrt(values)
    return ((x**2).sum(1)[:, None] + (m**2).sum(1) - 2 * x @ m.T).min(axis=1)


class Scores:
    """How far outside each utterance of `held` is, by name of the way: a function of a half and the temperature."""

    def __init__(self, train: Part, held: Part, logits: np.ndarray, classes: list[str]) -> None:
        self.held, self.logits, self.intents = held, logits, np.array([name != OUTSIDE for name in classes])
        index = {name: number for number, name in enumerate(classes)}
        self.truth = np.array([index.get(label, -1) for label in held.labels])
        best = np.where(self.intents, logits, -np.inf).argmax(axis=1)
        self.right = (best == self.truth) & ~held.outside
        bank, queries = unit(train.vectors[~train.outside]), unit(held.vectors)
        self.distances = {k: neighbour_distance(queries, bank, k) for k in (1, 5, 10)}
        self.mahalanobis = mahalanobis(train, held)
        few = unit(train.vectors[train.outside])
        self.to_examples = neighbour_distance(queries, few, 1)

    def temperature(self, half: np.ndarray) -> float:
        """By a half."""
        known = half & (self.truth >= 0)
        return best_temperature(self.logits[known], self.truth[known])

    def rows(self, half: np.ndarray, with_examples: bool) -> Iterator[tuple[str, np.ndarray]]:
        """(name, scores of all) with what a half decides."""
        logs = log_probabilities(self.logits, self.temperature(half))
        doubt = -np.where(self.intents, logs, -np.inf).max(axis=1)
        yield "largest probability", doubt
        yield "energy", -scipy.special.logsumexp(self.logits[:, self.intents], axis=1)
        if with_examples:
            yield "probability of the class", np.log(1e-12 + np.exp(logs[:, ~self.intents]).sum(axis=1))
        yield f"Mahalanobis, shrinkage {SHRINKAGE}", self.mahalanobis
        for k, distance in self.distances.items():
            yield f"distance to {k}", distance
        for weight in (0.03, 0.05, 0.1, 0.2, 0.3):
            yield f"distance to 5 + {weight} doubt", self.distances[5] + weight * doubt
        features = [self.distances[5], doubt, *([self.to_examples] if with_examples else [])]
        names = "distance, doubt" + (", distance to examples" if with_examples else "")
        yield f"logistic regression: {names}", self.regression(np.stack(features, 1), half)

    def regression(self, features: np.ndarray, half: np.ndarray) -> np.ndarray:
        """The logit of a logistic regression that a half of the held-out utterances decides."""
        x = (features - features[half].mean(axis=0)) / features[half].std(axis=0)
        sign = np.where(self.held.outside[half], 1.0, -1.0)

        def loss(flat: np.ndarray) -> float:
            margins = sign * (x[half] @ flat[:-1] + flat[-1])
            return float(np.logaddexp(0, -margins).sum() + 0.05 * (flat[:-1] ** 2).sum())

        return x @ scipy.optimize.minimize(loss, np.zeros(x.shape[1] + 1)).x[:-1]


def halves(labels: np.ndarray) -> Iterator[np.ndarray]:
    """Masks of ten halves with the same share of each label."""
    for seed in SEEDS:
        rng, half = np.random.default_rng(seed), np.zeros(len(labels), bool)
        for label in np.unique(labels):
            members = rng.permutation(np.flatnonzero(labels == label))
            half[members[: len(members) // 2]] = True
        yield from (half, ~half)


def measured(scores: Scores, examples: bool) -> list[dict[str, Any]]:
    """Of each row the mean over the halves, in percent."""
    outside, right = scores.held.outside, scores.right
    found: dict[str, list[tuple[float, ...]]] = {}
    for half in halves(scores.held.labels):
        other, best = ~half, (-1.0, "")
        for name, far in scores.rows(half, examples):
            threshold = strictest_threshold(right[half], ~outside[half], far[half], COST)
            values = (
                roc_area(far[other], outside[other]),
                false_alarms(far[other], outside[other]),
                (far[other & outside] > threshold).mean(),
                (right & (far > threshold))[other & ~outside].mean(),
            )
            found.setdefault(name, []).append(values)
            best = max(best, (float((far[half & outside] > threshold).mean()), name))
        found.setdefault("chosen", []).append(found[best[1]][-1])
    keys = ("auroc", "fpr_at_recall_95", "recall", "lost_in_scope")
    accuracy = round(100 * right[~outside].mean(), 2)
    rows: list[dict[str, Any]] = []
    for name, values in found.items():
        numbers = dict(zip(keys, (100 * np.mean(values, axis=0)).round(2).tolist(), strict=True))
        deviation = round(float(100 * np.std([one[2] for one in values], ddof=1)), 2)
        rows.append({"score": name, "examples": examples, **numbers, "recall_deviation": deviation})
        print(f"{name:60s}", *numbers.values(), deviation, flush=True)
    return [{"in_scope_accuracy_without_rejection": accuracy, "examples": examples}, *rows]


def as_shipped(train: Part, held: Part, logits: np.ndarray, classes: list[str]) -> dict[str, dict[str, float]]:
    """The scores of both ways, by temperature and threshold of these very utterances."""
    found, truths = {}, held.labels.tolist()
    scores, bank = scipy.special.softmax(logits, axis=1), unit(train.vectors[~train.outside])
    for way in ("class", "distance"):
        decision = Decision(classes, way, OUTSIDE, COST)
        raw = decision.raw(scores, held.vectors, bank if way == "distance" else None)
        calibration = decision.calibrate(truths, raw)
        labels = [one["label"] for one in decision.labelled(raw, calibration)]
        measures = accuracies(truths, labels, OUTSIDE) | calibration | decision.reliability(truths, raw, calibration)
        found[way] = {name: round(value, 4) for name, value in measures.items()}
        print(way, found[way], flush=True)
    return found


def kept_back(labels: np.ndarray) -> np.ndarray:
    """The mask of the utterances of train that are kept back."""
    rng, mask = np.random.default_rng(0), np.zeros(len(labels), bool)
    for label in np.unique(labels):
        count = HELD_BACK.get(label, HELD_BACK["an intent"])
        mask[rng.permutation(np.flatnonzero(labels == label))[:count]] = True
    return mask


def frozen_rows(train: Part, held: Part, classes: list[str]) -> dict[str, list[dict[str, Any]]]:
    """The rows that need heads of their own."""
    intents = [name for name in classes if name != OUTSIDE]
    back = kept_back(train.labels)
    few, rest = train.of(back), train.of(~back)
    return {
        "held_out_of_train": [
            *measured(Scores(rest, few, fitted(rest, few, intents), intents), examples=False),
            *measured(Scores(rest, few, fitted(rest, few, classes), classes), examples=True),
        ],
        "validation": measured(Scores(train, held, fitted(train, held, intents), intents), examples=False),
    }


def main() -> None:
    """Prints a line for each row, and writes all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workdir", type=Path, required=True, help="of a run on CLINC150 with a class for the outside")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    trained = Predictor(given.workdir, batch_size=128)
    kind, config, classes = type(trained.task), trained.config, list(trained.task.labels["labels"])
    training = training_of(trained, given.workdir)
    records = [training, kind.read_split(config.task, config.data, "validation")]
    outputs = [trained.outputs([trained.task.example(record) for record in of_split]) for of_split in records]
    train, held = (
        Part(found["vector"], np.array([record.label for record in of_split]))
        for found, of_split in zip(outputs, records, strict=True)
    )
    head = {name: np.asarray(array) for name, array in trained.params["head"].items()}
    logits = held.vectors @ head["kernel"] + head["bias"]
    result: dict[str, Any] = {"command": "python benchmarks/out_of_scope.py --workdir runs/clinc150"}
    result |= {"date": date.today().isoformat(), "seeds": list(SEEDS), "cost": COST, "head": config.task.head}
    frozen = config.task.head == "frozen"
    result |= frozen_rows(train, held, classes) if frozen else {"validation": []}
    result["validation"] += measured(Scores(train, held, logits, classes), examples=True)
    result["as_shipped"] = {"the run": as_shipped(train, held, logits, classes)}
    for seed in (0, 1, 2) if frozen else ():
        ids = {record.id for record in choose(training, kind.strata, "10", seed)}
        few = train.of(np.array([record.id in ids for record in training]))
        shipped = as_shipped(few, held, fitted(few, held, classes), classes)
        result["as_shipped"][f"10 a class, seed {seed}"] = shipped
    if given.out is not None:
        given.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
