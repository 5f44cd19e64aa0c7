"""Makes the cells: corpora, pre-trainings, fine-tunings, and one line for each in the results."""

import dataclasses
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import space_jax
from benchmarks.claim.plan import STARTS, Cell, pretraining
from space_jax.corpora.mixtures.files import read_mixture
from space_jax.tasks.config import DataSource, FinetuneConfig, FinetuneOptimiserConfig, FinetuneTrainConfig
from space_jax.tasks.intent.config import IntentConfig
from space_jax.tasks.intent.task import IntentTask
from space_jax.tasks.shots import take

MIXTURE = Path(__file__).with_name("mixture.toml")
STOPPED = "stopped; the same command goes on"
OPTIONS = {"clinc150": ("out_of_scope=false",)}


@dataclasses.dataclass(frozen=True)
class Place:
    """Where the data lie and where runs are kept."""

    data: Path
    work: Path

    def corpus(self, start: str, arm: str, seed: int) -> Path:
        """The prepared corpus of an arm, built if it is missing; without any label for `self`."""
        hidden = arm == "self"
        out = self.work / f"corpus-{start}-{'hidden' if hidden else seed}"
        if not (out / "corpus.json").exists():
            self._build(self._tokenizer(start), hidden, seed, out)
        return out

    def _tokenizer(self, start: str) -> str:
        """The tokenizer of a start, trained if it is missing: on the texts of the mixture, which need no labels."""
        pieces, init = STARTS[start].pieces, STARTS[start].init
        if pieces is None:
            assert init is not None, f"{start}: a start from random weights has a tokenizer of its own"
            return init
        out = self.work / f"tokenizer-{start}"
        if not out.exists():
            _space_jax(
                "tokenizer", "train", MIXTURE, *self._root, "--kind", "bpe", "--vocab-size", pieces, "--out", out
            )
        return str(out)

    @property
    def _root(self) -> tuple[str, str]:
        return "--data-root", str(self.data)

    def _build(self, tokenizer: str, hidden: bool, seed: int, out: Path) -> None:
        mixture = read_mixture(MIXTURE)
        if hidden:
            sources = tuple(dataclasses.replace(source, annotation="hidden") for source in mixture.sources)
            mixture = dataclasses.replace(mixture, sources=sources, few={})
        self.work.mkdir(parents=True, exist_ok=True)
        description = out.with_suffix(".json")
        fields = dataclasses.asdict(mixture, dict_factory=lambda pairs: {k: v for k, v in pairs if v is not None})
        description.write_text(json.dumps(fields))
        few = () if hidden else ("--few-seed", seed)
        turns = "--max-turns", 2, "--max-turn-tokens", 40
        _space_jax("data", "build", description, *self._root, "--tokenizer", tokenizer, *turns, *few, "--out", out)


def _space_jax(*arguments: object) -> None:
    """A command of the package in a process of its own; a failed one has said why."""
    if failed := subprocess.run([sys.executable, "-m", "space_jax", *map(str, arguments)]).returncode:
        sys.exit(failed)


def run(cell: Cell, place: Place, record: Callable[[dict[str, Any]], None]) -> None:
    """Pre-trains, unless another cell of the same pre-training has, fine-tunes, and records the scores.

    Args:
      cell: what to run.
      place: of the data and the runs.
      record: takes the cell's fields and scores in percent: `nearest`, `means` and `regression` of the vectors before
        fine-tuning, `finetuned` after it.
    """
    began, start = time.monotonic(), STARTS[cell.start]
    init = _pretrained(cell, place)
    pretrained_in = time.monotonic() - began
    shots = str(place.corpus(cell.start, "semi", cell.seed) / f"shots-{cell.task}.json")
    source = DataSource(cell.task, str(place.data / cell.task), OPTIONS.get(cell.task, ()))
    task = IntentConfig(head_dropout=0.1, r_drop_weight=0.0, mlm_weight=0.0, label_words=False)
    config = FinetuneConfig(
        task=task,
        data=source,
        dropout=0.1,
        optimiser=FinetuneOptimiserConfig(learning_rate=start.finetune_rate, weight_decay=0.01, clip_norm=1.0),
        train=FinetuneTrainConfig(
            epochs=start.epochs, eval_every=start.epochs, batch_size=32, seed=cell.seed, keep_by="last"
        ),
    )
    folder = place.work / "finetuned" / cell.pretraining / cell.task
    frozen = dataclasses.replace(config, task=dataclasses.replace(task, head="frozen", head_start="means"))
    means = space_jax.finetune(frozen, folder / "frozen", init, shots)
    results = space_jax.finetune(config, folder / "trained", init, shots)
    if means is None or results is None:
        sys.exit(STOPPED)
    scores = {
        "nearest": _nearest(folder / "frozen", source, shots),
        "means": _percent(means),
        "regression": _before(folder / "trained"),
        "finetuned": _percent(results),
    }
    seconds = {"pretraining": round(pretrained_in), "all": round(time.monotonic() - began)}
    record({**dataclasses.asdict(cell), **scores, "seconds": seconds})


def _pretrained(cell: Cell, place: Place) -> str:
    """The weights that fine-tuning starts from."""
    start = STARTS[cell.start]
    if cell.arm == "none" and start.init is not None:
        return start.init
    folder = place.work / "pretrained" / cell.pretraining
    config = pretraining(start, cell.arm, cell.seed, str(place.corpus(cell.start, cell.arm, cell.seed)))
    result = space_jax.pretrain(config, folder, init=start.init)
    if result is None or result.stopped:
        sys.exit(STOPPED)
    return str(folder)


def _percent(results: dict[str, Any]) -> float:
    return round(100 * results["accuracy"], 2)


def _before(folder: Path) -> float:
    """The accuracy before the first step, when the head is fitted to the vectors by logistic regression."""
    records = map(json.loads, (folder / "metrics.jsonl").read_text().splitlines())
    first = next(record for record in records if record["kind"] == "eval")
    assert first["step"] == 0
    return round(100 * first["accuracy"], 2)


def _nearest(folder: Path, source: DataSource, shots: str) -> float:
    """The accuracy of the label of the nearest training utterance, by cosine."""
    model = space_jax.Finetuned.load(folder)
    train, held_out = (IntentTask.read_split(model.config.task, source, split) for split in ("train", "validation"))
    train = take(train, IntentTask.strata, shots, 0)
    known, asked = (_unit(model.embed([record.text for record in records])) for records in (train, held_out))
    nearest = (asked @ known.T).argmax(axis=1)
    right = [train[place].label == record.label for place, record in zip(nearest, held_out, strict=True)]
    return round(100 * float(np.mean(right)), 2)


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
