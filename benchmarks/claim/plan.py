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

from space_jax.config import DataConfig, OptimiserConfig, PretrainConfig, Space2Config, TrainConfig, model_config

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
      seeds: how many.
      steps: of pre-training, 64 examples each.
      rate: of pre-training, at its highest.
      epochs: of fine-tuning.
      finetune_rate: of fine-tuning, at its highest.
    """

    size: str
    init: str | None
    seeds: int
    steps: int
    rate: float
    epochs: int
    finetune_rate: float


STARTS = {
    "random": Start("micro", None, seeds=5, steps=800, rate=1e-3, epochs=20, finetune_rate=5e-4),
    "minilm": Start("mini", "minilm", seeds=3, steps=300, rate=1e-4, epochs=8, finetune_rate=1e-4),
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
        for seed in range(start.seeds):
            for arm in ARMS:
                for task in TASKS:
                    yield Cell(name, seed, arm, task)


def pretraining(start: Start, arm: str, seed: int, corpus: str) -> PretrainConfig:
    """The configuration of a pre-training; that of `none` has one step that moves nothing by more than 1e-12."""
    steps = 1 if arm == "none" else start.steps
    return PretrainConfig(
        recipe=Space2Config(vector="mean", subspace=128 if start.init is None else 384),
        model=model_config(start.size, dropout=0.1),
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
