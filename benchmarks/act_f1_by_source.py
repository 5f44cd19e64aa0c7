"""Dialog acts that SPACE-1 runs predict for each source's own held-out turns.

python benchmarks/act_f1_by_source.py --run before=RUN --run after=RUN --prepared OUT --data-root DIR --out F.json

The turns are of each source's validation split, or of its test split where it has no other; the mixtures' guard keeps
both out of training. F1 and average precision are micro over acts and turns. A logit above 0 predicts an act, or one
above the threshold that is best for the run on every other dialogue of all sources together; F1 is then of the rest,
with a bootstrap interval over dialogues (1,000 draws, seed 0). `rates` predicts for every turn how often the held-out
turns of its source have each act: the most that a model blind to its input can have.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import jax
import numpy as np
from sklearn.metrics import average_precision_score

from space_jax.config import MeshConfig
from space_jax.config_files import read_config
from space_jax.corpora.registry import corpus
from space_jax.corpora.source_files import folder_of
from space_jax.evaluation.dialog_acts import micro_f1
from space_jax.features.example import Example, dialogue_examples
from space_jax.features.grid import make_grid
from space_jax.features.layout import assemble
from space_jax.features.packing import NOTHING, Item, pack
from space_jax.features.prepared_corpus import Prepared, open_prepared
from space_jax.models.registry import make_recipe
from space_jax.training.checkpoint import load_params
from space_jax.training.mesh import make_mesh
from space_jax.training.run_reader import LATEST, find_step
from space_jax.training.state import abstract_placed_params

SOURCES = ("sgd", "multiwoz20_single", "camrest676", "kvret", "woz2", "sim_m", "star")
BATCH = 64
DRAWS = 1000


def held_out_turns(name: str, root: Path, prepared: Prepared, most: int) -> list[Example]:
    """The turns of a source whose acts are known: all of the first dialogues of a split, until there are `most`."""
    source, tokenizer = corpus(name), prepared.tokenizer()
    split = next((split for split in ("validation", "test") if split in source.splits), None)
    turns: list[Example] = []
    for dialogue in source.load(root / folder_of(name), split) if split else ():
        turns += [e for e in dialogue_examples(dialogue, tokenizer, prepared.metadata.limits) if e.known.acts]
        if len(turns) >= most:
            break
    return turns


def act_logits(workdir: Path, prepared: Prepared, turns: list[Example]) -> np.ndarray:
    """`[N, 20]`, the logits of a run's last checkpoint for the acts of each turn."""
    config = read_config(workdir)
    grid = make_grid(config.data, config.recipe, BATCH, prepared.metadata.limits.max_turn_tokens)
    recipe, mesh = make_recipe(config.model, config.recipe), make_mesh(MeshConfig(), jax.local_devices()[:1])
    abstract = abstract_placed_params(recipe, pack([], grid), config.mesh.rules, mesh)
    params = load_params(workdir / "checkpoints", abstract, find_step(workdir, LATEST))
    represent = jax.jit(lambda params, batch: recipe.represent(params, batch)["act_logits"])
    logits = []
    for start in range(0, len(turns), BATCH):
        chosen = turns[start : start + BATCH]
        layouts = [assemble(e, config.model.vocabulary, config.recipe.name, config.data.context_length) for e in chosen]
        batch = pack([Item(layout, layout.ids, NOTHING, NOTHING) for layout in layouts], grid)
        logits.append(np.asarray(represent(params, batch))[: len(chosen)])
    return np.concatenate(logits)


def best_threshold(logits: np.ndarray, true: np.ndarray) -> float:
    """Of a grid, the one with the highest micro F1."""
    grid = np.quantile(logits, np.linspace(0.5, 0.995, 100))
    return float(max(grid, key=lambda threshold: micro_f1(logits > threshold, true)))


def interval(predicted: np.ndarray, true: np.ndarray, dialogues: np.ndarray) -> tuple[float, float]:
    """95% of the F1 of dialogues drawn with replacement."""
    rng, known = np.random.default_rng(0), np.unique(dialogues)
    rows = {one: np.flatnonzero(dialogues == one) for one in known.tolist()}
    scores = []
    for _ in range(DRAWS):
        drawn = np.concatenate([rows[one] for one in rng.choice(known, len(known)).tolist()])
        scores.append(micro_f1(predicted[drawn], true[drawn]))
    low, high = np.quantile(scores, [0.025, 0.975]).tolist()
    return low, high


def rates(true: np.ndarray) -> np.ndarray:
    """`[N, 20]`, for every turn the logit of each act's share of all turns."""
    share = np.clip(true.mean(axis=0), 1e-6, 1 - 1e-6)
    return np.broadcast_to(np.log(share / (1 - share)), true.shape)


def table(logits: dict[str, Any], true: dict[str, np.ndarray], dialogues: dict[str, np.ndarray]) -> dict[str, Any]:
    """The measures of every source and of every run there; all arrays by source."""
    even = {name: np.unique(ids, return_inverse=True)[1] % 2 == 0 for name, ids in dialogues.items()}
    results: dict[str, Any] = {
        n: {"turns": len(ids), "dialogues": len(set(ids.tolist()))} for n, ids in dialogues.items()
    }
    for run, of_source in logits.items():
        halves = [(of_source[name][even[name]], true[name][even[name]]) for name in true]
        threshold = best_threshold(*map(np.concatenate, zip(*halves, strict=True)))
        for name, acts in true.items():
            rest, found = ~even[name], of_source[name]
            predicted = found[rest] > threshold
            low, high = interval(predicted, acts[rest], dialogues[name][rest])
            results[name][run] = {
                "f1_above_0": micro_f1(found > 0, acts),
                "threshold": threshold,
                "f1": micro_f1(predicted, acts[rest]),
                "low": low,
                "high": high,
                "average_precision": float(average_precision_score(acts.ravel(), found.ravel())),
            }
    return results


def main() -> None:
    """Measures every run on every source."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", action="append", required=True, metavar="NAME=WORKDIR")
    parser.add_argument("--prepared", type=Path, required=True, help="the corpus of the runs, for limits and tokenizer")
    parser.add_argument("--data-root", type=Path, required=True, help="holds a folder for each source")
    parser.add_argument("--turns", type=int, default=2000, help="of each source, about (%(default)s)")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    prepared, turns, logits = open_prepared(given.prepared), {}, {}
    for name in SOURCES:
        turns[name] = held_out_turns(name, given.data_root, prepared, given.turns)
        if not turns[name]:
            print(f"{name}: no held-out turn with known acts")
            del turns[name]
    true = {name: np.stack([e.acts for e in some]) > 0 for name, some in turns.items()}
    logits["rates"] = {name: rates(acts) for name, acts in true.items()}
    for run in given.run:
        label, _, workdir = run.partition("=")
        logits[label] = {name: act_logits(Path(workdir), prepared, some) for name, some in turns.items()}
    dialogues = {name: np.array([e.dialogue for e in some]) for name, some in turns.items()}
    results = table(logits, true, dialogues)
    print(json.dumps(results, indent=1))
    if given.out is not None:
        given.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
