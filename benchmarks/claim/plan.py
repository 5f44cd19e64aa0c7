"""What is run, fixed before the first run: arms, starts, tasks, seeds, sizes, steps.

A cell is one task fine-tuned from one pre-training, and measured before and after. All arms of a start make the same
steps of as many examples, with the same model seed; they differ in the labels that they see. The few-shot subsets of
all tasks keep their labels in the pre-training corpus and are those that fine-tuning then takes; the seed draws them
anew, so that each seed has a corpus, a pre-training and a fine-tuning of its own.

What is compared: the means over tasks of `semi` and every other arm of the same start, paired by seed, with an
interval from seeds drawn with replacement.
"""

import dataclasses
from collections.abc import Iterator

from space_jax.config import (
    MODEL_SIZES,
    DataConfig,
    OptimiserConfig,
    PretrainConfig,
    Space2Config,
    TrainConfig,
    model_config,
)

ARMS = ("none", "self", "supervised", "semi")
"""The start itself; all labels hidden; labelled examples only; half of each batch labelled, which is the recipe.

Labels are few: those of the targets' subsets and nothing else, among some ten times as many texts without any."""

TASKS = ("banking77", "clinc150", "hwu64")
SHOTS = 10
"""Labelled utterances of each class of a task; the texts of all others are among the unlabelled data."""


@dataclasses.dataclass(frozen=True)
class Start:
    """Where pre-training begins, and how long it and fine-tuning are.

    Attributes:
      size: of the model, see `config.MODEL_SIZES`.
      init: the weights; None for random ones.
      pieces: of a tokenizer that learns from the corpus; None for that of the weights.
      seeds: how many, from 1 on; seed 0 is for trying out.
      steps: of pre-training, 64 examples each.
      rate: of pre-training, at its highest.
      mlm_weight: of the masked words beside the contrast.
      epochs: of fine-tuning.
      finetune_rate: of fine-tuning, at its highest.
    """

    size: str
    init: str | None
    pieces: int | None
    seeds: int
    steps: int
    rate: float
    mlm_weight: float
    epochs: int
    finetune_rate: float

    @property
    def all_seeds(self) -> range:
        """The seeds that count."""
        return range(1, self.seeds + 1)


STARTS = {
    "random": Start(
        "micro", None, pieces=6000, seeds=5, steps=1000, rate=2e-3, mlm_weight=1.0, epochs=20, finetune_rate=5e-4
    ),
    "minilm": Start(
        "mini", "minilm", pieces=None, seeds=3, steps=300, rate=1e-4, mlm_weight=0.1, epochs=8, finetune_rate=1e-4
    ),
}


@dataclasses.dataclass(frozen=True)
class Cell:
    """One task after one pre-training."""

    start: str
    seed: int
    arm: str
    task: str

    @property
    def pretraining(self) -> str:
        """The name of its pre-training's folder."""
        return f"{self.start}-{self.arm}-{self.seed}"


def cells() -> Iterator[Cell]:
    """All cells, in the order in which they are run: a seed is complete before the next begins."""
    for name, start in STARTS.items():
        for seed in start.all_seeds:
            for arm in ARMS:
                for task in TASKS:
                    yield Cell(name, seed, arm, task)


def pretraining(start: Start, arm: str, seed: int, corpus: str) -> PretrainConfig:
    """The configuration of a pre-training; that of `none` has one step that moves nothing by more than 1e-12."""
    steps = 1 if arm == "none" else start.steps
    hidden = MODEL_SIZES[start.size]["hidden"]
    return PretrainConfig(
        recipe=Space2Config(vector="mean", subspace=hidden, mlm_weight=start.mlm_weight),
        model=model_config(start.size, heads=hidden // 32, dropout=0.1),
        data=DataConfig(
            prepared=(corpus,),
            batch_size=64,
            labelled_share={"self": 0.0, "supervised": 1.0}.get(arm, 0.5),
            context_length=96,
            response_length=64,
            examples_per_row=8,
            masked_per_row=40,
            row_ladder=(0.15, 0.1875, 0.25, 1.0),
            eval_examples=512,
        ),
        optimiser=OptimiserConfig(learning_rate=1e-12 if arm == "none" else start.rate, clip_norm=1.0),
        train=TrainConfig(steps=steps, seed=seed, log_every=20, eval_every=steps, checkpoint_every=100),
    )
