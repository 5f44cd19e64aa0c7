"""Accuracy of frozen heads by number of labels: what names of labels and utterances without labels add.

  python benchmarks/few_labels.py --data data --out benchmarks/results/few_labels.json

On the vectors of MiniLM as they are. The subsets are those of `finetune --shots K --seed S`; the utterances outside
them are read without their labels. Validation is measured and chooses nothing. The heads:

  means          the nearest mean vector of a class
  regression     logistic regression
  names          the same, and the name of each label as an utterance
  self-training  the same, and the utterances outside the subset with guessed labels, at the weight of `finetune`'s
                 few-shot configurations
"""

import argparse
import json
import statistics
import tempfile
from datetime import date
from pathlib import Path

import numpy as np

import space_jax
from space_jax.tasks.config import DataSource
from space_jax.tasks.intent.config import IntentConfig
from space_jax.tasks.intent.logistic_regression import logistic_regression, one_hot
from space_jax.tasks.intent.prototypes import prototypes
from space_jax.tasks.intent.records import IntentRecord, from_label
from space_jax.tasks.intent.self_training import soft_labels
from space_jax.tasks.intent.task import IntentTask
from space_jax.tasks.shots import choose

CORPORA = ("banking77", "clinc150", "hwu64")
OPTIONS = {"clinc150": ("out_of_scope=false",)}
SETTINGS = IntentConfig()
SELF_TRAINING = 0.2


class Corpus:
    """Records, classes, and the vectors of the utterances and of the names."""

    def __init__(self, name: str, data: Path, init: str, folder: Path) -> None:
        source = DataSource(name, str(data / name), OPTIONS.get(name, ()))
        fields = {"task.head": "frozen", "data.source": source.source, "data.options": source.options}
        config = space_jax.load_config(f"finetune/{name}", fields)
        space_jax.finetune(config, folder, init=init, shots="1")
        model = space_jax.Finetuned.load(folder)
        self.train, self.held_out = (IntentTask.read_split(SETTINGS, source, one) for one in ("train", "validation"))
        self.classes = sorted({record.label for record in self.train if record.label})
        named = [from_label(label, "") or IntentRecord("", label, label) for label in self.classes]
        self.vectors, self.held_out_vectors, self.name_vectors = (
            model.embed([record.text for record in records]) for records in (self.train, self.held_out, named)
        )

    def indices(self, records: list[IntentRecord]) -> np.ndarray:
        """The class of each record."""
        known = {label: index for index, label in enumerate(self.classes)}
        return np.array([known[record.label or ""] for record in records])

    def accuracies(self, shots: str, seed: int) -> dict[str, float]:
        """Of every head, fitted to one subset."""
        classes, truth = len(self.classes), self.indices(self.train)
        chosen = {record.id for record in choose(self.train, IntentTask.strata, shots, seed)}
        inside = np.array([record.id in chosen for record in self.train])
        labels = np.where(inside, truth, -1)
        everything = np.concatenate([self.vectors, self.name_vectors])
        targets = one_hot(np.concatenate([labels, np.arange(classes)]), classes)
        ones, strength = np.ones(len(everything)), SETTINGS.strength
        guessed = soft_labels(everything, targets, ones, strength)
        weights = np.where(targets.sum(axis=1) == 0, SELF_TRAINING, ones)
        heads = {
            "means": prototypes(self.vectors, labels, classes, SETTINGS.temperature),
            "regression": logistic_regression(self.vectors, one_hot(labels, classes), ones[: len(labels)], strength),
            "names": logistic_regression(everything, targets, ones, strength),
            "self-training": logistic_regression(everything, guessed, weights, strength),
        }
        expected = self.indices(self.held_out)
        said = {name: (self.held_out_vectors @ one["kernel"] + one["bias"]).argmax(1) for name, one in heads.items()}
        outside = ~inside
        found = {name: float((labels == expected).mean()) for name, labels in said.items()}
        right = guessed[: len(truth)].argmax(axis=1) == truth
        return found | {"guessed labels that are right": float(right[outside].mean()) if outside.any() else 1.0}


def main() -> None:
    """Prints a row for each number of labels, and writes all of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with the corpora's folders")
    parser.add_argument("--corpora", nargs="+", default=CORPORA)
    parser.add_argument("--init", default="minilm")
    parser.add_argument("--shots", nargs="+", default=["5", "10", "20", "50", "100%"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    found: dict[str, dict[str, dict[str, list[float]]]] = {}
    for name in given.corpora:
        with tempfile.TemporaryDirectory() as folder:
            corpus = Corpus(name, given.data, given.init, Path(folder) / "run")
        found[name] = {}
        for shots in given.shots:
            seeds = given.seeds[:1] if shots == "100%" else given.seeds
            runs = [corpus.accuracies(shots, seed) for seed in seeds]
            found[name][shots] = {head: [round(run[head], 4) for run in runs] for head in runs[0]}
            row = "  ".join(f"{head} {100 * statistics.fmean(of):.1f}" for head, of in found[name][shots].items())
            print(f"{name} {shots}: {row}", flush=True)
            facts = {"command": "benchmarks/few_labels.py", "date": str(date.today()), "seeds": given.seeds}
            given.out.write_text(json.dumps({**facts, "init": given.init, "accuracy": found}, indent=1) + "\n")


if __name__ == "__main__":
    main()
