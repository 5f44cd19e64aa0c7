"""Sentence vectors by MTEB's protocol for Banking77: few utterances a class, logistic regression, mean of ten draws.

python benchmarks/mteb_banking77.py --source data/banking77 --model minilm --model exports/banking77

Each draw takes eight training utterances of every class and fits scikit-learn's logistic regression (100 iterations,
otherwise as it comes) to their vectors, as mteb's Banking77Classification does. That is scored on the test split; where
there is none, on validation, and the result says so.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sentence_transformers import SentenceTransformer
from sklearn.linear_model import LogisticRegression

from space_jax.convert.minilm import named_folder
from space_jax.corpora import banking77

SEED, DRAWS, OF_EACH, ITERATIONS = 42, 10, 8, 100


def main() -> None:
    """Prints a JSON object for all models."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", type=Path, required=True, help="the corpus's folder")
    parser.add_argument("--model", action="append", required=True, metavar="FOLDER", help="an export, or 'minilm'")
    given = parser.parse_args()
    split = "test" if "test" in banking77.find_splits(given.source) else "validation"
    train, held_out = (read(given.source, part) for part in ("train", split))
    scores = {name: score(str(named_folder(name)), train, held_out) for name in given.model}
    print(json.dumps({"scored_on": split, "utterances": len(held_out), "seed": SEED, "models": scores}, indent=1))


def read(source: Path, split: str) -> list[tuple[str, str]]:
    """The utterances of a split with their intents."""
    turns = [dialogue.turns[0] for dialogue in banking77.load(source, split)]
    return [(turn.text, turn.frames[0].intent) for turn in turns if turn.frames]


def draws(labels: Sequence[str]) -> list[list[int]]:
    """The utterances of each draw: the first of every class in an order that is shuffled again and again."""
    rng, order = np.random.default_rng(SEED), np.arange(len(labels))
    chosen = []
    for _ in range(DRAWS):
        rng.shuffle(order)
        counts: dict[str, int] = {}
        taken = []
        for index in order.tolist():
            counts[labels[index]] = counts.get(labels[index], 0) + 1
            if counts[labels[index]] <= OF_EACH:
                taken.append(index)
        chosen.append(taken)
    return chosen


def score(folder: str, train: list[tuple[str, str]], held_out: list[tuple[str, str]]) -> dict[str, float | list[float]]:
    """Accuracy in percent: the mean, and each draw's."""
    model = SentenceTransformer(folder, device="cpu", local_files_only=True)
    labels = [label for _, label in train]
    chosen = draws(labels)
    used = sorted({index for draw in chosen for index in draw})
    vectors = dict(zip(used, model.encode([train[index][0] for index in used]), strict=True))
    held_out_vectors, truth = model.encode([text for text, _ in held_out]), np.array([label for _, label in held_out])
    accuracies = []
    for draw in chosen:
        head = LogisticRegression(max_iter=ITERATIONS, random_state=SEED)
        head.fit(np.stack([vectors[index] for index in draw]), [labels[index] for index in draw])
        accuracies.append(100 * float((head.predict(held_out_vectors) == truth).mean()))
    return {"accuracy": round(float(np.mean(accuracies)), 2), "draws": [round(one, 2) for one in accuracies]}


if __name__ == "__main__":
    main()
