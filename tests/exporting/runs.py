"""Runs that nothing trained: the files of a workdir with random parameters, as a run of some steps leaves them."""

import dataclasses
import json
from pathlib import Path

import jax
import numpy as np

from space_jax.config import DataConfig, PretrainConfig
from space_jax.config_files import save_config
from space_jax.features.example import Limits
from space_jax.features.grid import make_grid
from space_jax.features.packing import pack
from space_jax.models.registry import make_recipe
from space_jax.models.weights import parameter_path
from space_jax.tasks.config import DataSource, FinetuneConfig, FinetuneTrainConfig
from space_jax.tasks.registry import task_class
from space_jax.tasks.workdir import LABELS, RESULTS, SUPPORT, write_arrays, write_json
from space_jax.training.beginning import Start
from space_jax.training.checkpoint import Checkpoints
from space_jax.training.facts import run_facts
from space_jax.training.sharding import unbox
from space_jax.training.workdir import CHECKPOINTS, TOKENIZER

RESULT = {"accuracy": 0.75, "best": 0.75, "since_best": 0.0}
INTENTS = {"labels": ["ask", "book", "cancel"], "counts": [2, 2, 2], "domains": ["", "", ""]}
SLOTS = {"slots": {"area": 2, "time": 1}, "intents": {}}
ROWS = (
    ("a table for two at seven", "book"),
    ("the hotel at the north", "ask"),
    ("none for the people", "cancel"),
)


def random_like(abstract, seed):
    """Parameters as those of a trained model: none is 0 or 1 as a new one may be, and outputs depend on the words."""
    rng = np.random.default_rng(seed)

    def draw(path, leaf):
        name = parameter_path(path)
        centre, width = (1.0, 0.2) if name.endswith("scale") else (0.0, 0.1 if "bias" in name else 0.5)
        return rng.normal(centre, width, leaf.shape).astype(np.float32)

    return jax.tree_util.tree_map_with_path(draw, abstract)


def write_finetuned(folder: Path, task, labels, tokenizer, model, recipe=None, step=3, results=RESULT) -> Path:
    """The workdir of a fine-tuning run."""
    folder.mkdir(parents=True)
    validation = folder.parent / f"{folder.name}.jsonl"
    validation.write_text(
        "".join(json.dumps({"text": text, "label": label, "spans": []}) + "\n" for text, label in ROWS)
    )
    data = DataSource(train=str(validation), validation=str(validation))
    train = FinetuneTrainConfig(batch_size=4, predict_batch=4)
    config = FinetuneConfig(task, data, dropout=0.0, train=train, model=model, recipe=recipe or "")
    made = task_class(task.name)(task, labels, tokenizer, model, recipe)
    shape = made.collate([], 4, None)
    abstract = unbox(jax.eval_shape(lambda: made.init(jax.random.key(0), shape)))
    write_json(folder / LABELS, labels)
    write_json(folder / RESULTS, {"chosen_by": "highest accuracy on validation"})
    if made.needs_support:
        examples = [made.example(record) for record in made.read_split(task, data, "train")]
        vectors = np.random.default_rng(0).normal(size=(len(examples), model.hidden)).astype(np.float32)
        write_arrays(folder / SUPPORT, made.support({"vector": vectors}, examples))
    Start("minilm", ("head/bias", "head/kernel")).save(folder)
    _write_run(folder, config, tokenizer, abstract, run_facts(config, ["a", "b"], labels), step, results)
    return folder


def write_pretrained(folder: Path, recipe, tokenizer, model, step=3) -> Path:
    """The workdir of a pre-training run, whose turns have eight tokens."""
    folder.mkdir(parents=True)
    data = DataConfig(batch_size=4, context_length=40, response_length=12, examples_per_row=2, masked_per_row=4)
    config = PretrainConfig(recipe, model, dataclasses.replace(data, prepared=("corpus",)))
    limits = Limits(max_turns=3, max_turn_tokens=8)
    batch = pack([], make_grid(config.data, recipe, 4, limits.max_turn_tokens))
    abstract = unbox(jax.eval_shape(lambda: make_recipe(model, recipe).init(jax.random.key(0), batch)))
    limits.save(folder)
    _write_run(
        folder, config, tokenizer, abstract, run_facts(config), step, {"loss": 2.5, "best": -2.5, "since_best": 0}
    )
    return folder


def _write_run(folder, config, tokenizer, abstract, facts, step, results):
    save_config(config, folder)
    tokenizer.save(folder / TOKENIZER)
    state = {"params": random_like(abstract, seed=step)}
    with Checkpoints(folder / CHECKPOINTS, 1) as checkpoints:
        checkpoints.save(step, state, facts, results, 0.0)
