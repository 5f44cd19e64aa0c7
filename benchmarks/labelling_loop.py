"""Accuracy by number of labels, where `data suggest` chooses them and where they are drawn at random.

python benchmarks/labelling_loop.py --source data/banking77 --out benchmarks/results/labelling_loop.json

Rounds of fifty labels on BANKING77's training utterances, whose labels stand for the person. After each a frozen head
is fitted by logistic regression to the vectors of the utterances labelled so far, and measured on validation, which
chooses nothing. The ways to choose:

  random    drawn at random
  typical   as suggested by a pre-training run: typical utterances of the groups with the fewest labels
  unsure    as suggested by a fine-tuned run: the same among the utterances of small margins
  margin    the smallest margins alone
The first round of the last two is `typical`, since there is no classifier yet.
"""

import argparse
import json
import tempfile
from datetime import date
from pathlib import Path

import numpy as np
import scipy.special

import space_jax
from space_jax.corpora.registry import corpus
from space_jax.tasks.directions import centred
from space_jax.tasks.intent.config import IntentConfig
from space_jax.tasks.intent.logistic_regression import logistic_regression, one_hot
from space_jax.tasks.labelling.choose import typical, unsure

WAYS = ("random", "typical", "unsure", "margin")


class Utterances:
    """Vectors `[N, H]` and labels of a split."""

    def __init__(self, model: space_jax.Finetuned, name: str, source: Path, split: str) -> None:
        turns = [dialogue.turns[0] for dialogue in corpus(name).load(source, split)]
        self.labels = np.array([turn.frames[0].intent for turn in turns])
        self.vectors = model.embed([turn.text for turn in turns])


def encoder(name: str, source: Path, init: str, folder: Path) -> space_jax.Finetuned:
    """The weights as they are, behind a head that nobody uses."""
    fields = {"task.head": "frozen", "data.source": str(source), "train.predict_batch": 128}
    space_jax.finetune(space_jax.load_config(f"finetune/{name}", fields), folder, init=init, shots="1")
    return space_jax.Finetuned.load(folder)


def loop(pool: Utterances, held_out: Utterances, way: str, rounds: int, n: int, seed: int) -> tuple[list[float], int]:
    """The accuracy after each round, and the classes that have a label at the end."""
    towards, everything = centred(pool.vectors), np.arange(len(pool.labels))
    labelled, scores, accuracies = np.zeros(0, int), np.zeros(0), []
    for number in range(rounds):
        candidates = np.setdiff1d(everything, labelled)
        draw = 1000 * seed + number
        if way == "random":
            chosen = np.random.default_rng(draw).choice(candidates, min(n, len(candidates)), replace=False).tolist()
        elif number == 0 or way == "typical":
            chosen = typical(towards, labelled, candidates, n, draw)
        else:
            margins = _margins(scores[candidates])
            least = candidates[np.argsort(margins, kind="stable")[:n]].tolist()
            chosen = least if way == "margin" else unsure(towards, margins, labelled, candidates, n, draw)
        labelled = np.concatenate([labelled, np.array(chosen, int)])
        classes, truth = np.unique(pool.labels[labelled], return_inverse=True)
        strength, weights = IntentConfig().strength, np.ones(len(truth))
        head = logistic_regression(pool.vectors[labelled], one_hot(truth, len(classes)), weights, strength)
        scores = scipy.special.softmax(pool.vectors @ head["kernel"] + head["bias"], axis=1)
        said = classes[(held_out.vectors @ head["kernel"] + head["bias"]).argmax(axis=1)]
        accuracies.append(float((said == held_out.labels).mean()))
    return accuracies, len(classes)


def _margins(scores: np.ndarray) -> np.ndarray:
    """Of scores `[N, C]` the difference between the best two."""
    best = np.sort(scores, axis=1)
    return best[:, -1] - best[:, -2] if scores.shape[1] > 1 else best[:, -1]


def main() -> None:
    """Prints a line for each way, and writes all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", choices=("banking77", "clinc150", "hwu64"), default="banking77")
    parser.add_argument("--source", type=Path, required=True, help="folder of the corpus")
    parser.add_argument("--init", default="minilm", help="weights, as for fine-tuning (%(default)s)")
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--n", type=int, default=50, help="labels of a round (%(default)s)")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--ways", default=",".join(WAYS), help="(%(default)s)")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        model = encoder(given.corpus, given.source, given.init, Path(folder) / "run")
        pool, held_out = (Utterances(model, given.corpus, given.source, s) for s in ("train", "validation"))
    labels = [given.n * number for number in range(1, given.rounds + 1)]
    result = {
        "command": f"python benchmarks/labelling_loop.py --corpus {given.corpus} --rounds {given.rounds} "
        f"--n {given.n} --seeds {given.seeds} --init {given.init}",
        "date": date.today().isoformat(),
        "utterances": [len(pool.labels), len(held_out.labels)],
        "classes": len(set(pool.labels.tolist())),
        "labels": labels,
    }
    print("labels", *labels)
    for way in given.ways.split(","):
        runs = [loop(pool, held_out, way, given.rounds, given.n, seed) for seed in range(given.seeds)]
        accuracy = np.array([accuracies for accuracies, _ in runs])
        spread = accuracy.std(axis=0, ddof=1) if len(runs) > 1 else np.zeros(given.rounds)
        result[way] = {
            "accuracy": accuracy.mean(axis=0).round(4).tolist(),
            "deviation": spread.round(4).tolist(),
            "classes_seen": float(np.mean([seen for _, seen in runs])),
        }
        print(f"{way:8s}", *(f"{100 * one:.1f}" for one in accuracy.mean(axis=0)), flush=True)
    if given.out is not None:
        given.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
