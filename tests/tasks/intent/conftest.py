"""A small random BERT whose vocabulary has the words of a small world, utterances of it, and one finished run."""

import json

import numpy as np
import pytest

from space_jax.tasks import finetune as finetuning
from space_jax.tasks import predictor
from space_jax.tasks.config import DataSource, FinetuneConfig, FinetuneOptimiserConfig, FinetuneTrainConfig
from space_jax.tasks.finetune import finetune
from space_jax.tasks.intent.config import IntentConfig
from space_jax.training import loop
from tests.convert.bert_folder import bert_state, write_bert_folder

VERBS = {"book": ("book", "reserve", "get"), "cancel": ("cancel", "drop", "undo"), "greet": ("hello", "hi", "morning")}
NOUNS = ("table", "room", "seat", "taxi")
PIECES = (
    *("[PAD]", *(f"[unused{n}]" for n in range(60)), "[UNK]", "[CLS]", "[SEP]", "[MASK]"),
    *(word for words in VERBS.values() for word in words),
    *NOUNS,
    *("a", "the", "please", "?"),
)


def rows(start, count):
    """Utterances of the three intents in turn."""
    for n in range(start, start + count):
        label = list(VERBS)[n % 3]
        verb, noun = VERBS[label][(n // 3) % 3], NOUNS[(n // 9) % 3]
        yield {"id": f"u{n}", "text": f"{verb} {'a' if n % 2 else 'the'} {noun}", "label": label}


def tame(name, array):
    """Weights as small as a model's are, so that sixteen steps are enough to learn from."""
    if array.ndim == 2:
        return array * np.float32(0.3)
    return np.full_like(array, 1.0 if name.endswith("LayerNorm.weight") else 0.0)


def write_jsonl(path, records):
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return str(path)


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    """The folder with weights (`bert`) and utterances."""
    folder = tmp_path_factory.mktemp("world")
    state = {name: tame(name, array) for name, array in bert_state(pieces=PIECES, positions=32).items()}
    write_bert_folder(folder / "bert", state, pieces=PIECES)
    write_jsonl(folder / "train.jsonl", rows(0, 27))
    write_jsonl(folder / "validation.jsonl", rows(27, 9))
    return folder


def config_of(world, **train):
    return FinetuneConfig(
        task=IntentConfig(
            max_tokens=6, head_dropout=0.1, r_drop_weight=1.0, mlm_weight=0.0, head_start="random", label_words=False
        ),
        data=DataSource(train=str(world / "train.jsonl"), validation=str(world / "validation.jsonl")),
        dropout=0.1,
        optimiser=FinetuneOptimiserConfig(learning_rate=1e-2, layer_decay=0.95),
        train=FinetuneTrainConfig(
            **{"epochs": 8, "eval_every": 2, "batch_size": 8, "log_every": 1, "checkpoint_every": 9, **train}
        ),
    )


class Programs:
    """Keeps what the first run compiles, for further runs of the same configuration."""

    def __init__(self, make):
        self.make, self.made = make, []

    def __call__(self, *arguments):
        self.made = self.made or [self.make(*arguments)]
        return self.made[0]


SHARED = ((loop, "make_train_step"), (finetuning, "Inference"), (predictor, "Inference"))


@pytest.fixture(scope="session")
def programs():
    inference = Programs(finetuning.Inference)
    return {place: inference if place[1] == "Inference" else Programs(loop.make_train_step) for place in SHARED}


@pytest.fixture(scope="session")
def finished(world, tmp_path_factory, programs):
    """(workdir, results) of a run of eight epochs of four steps."""
    workdir = tmp_path_factory.mktemp("finished") / "run"
    with pytest.MonkeyPatch.context() as patch:
        for place, kept in programs.items():
            patch.setattr(*place, kept)
        return workdir, finetune(config_of(world), workdir, str(world / "bert"))
