"""The configuration of intent detection."""

import dataclasses
from typing import Any

from space_jax.config import require, require_fraction
from space_jax.config_types import Checked
from space_jax.tasks.adversarial.config import AdversarialConfig

HEADS = ("linear", "frozen", "knn")
VECTORS = ("auto", "prompt", "summary", "mean", "sentence")
CONTRASTS = ("soft", "hard")
HEAD_STARTS = ("regression", "means", "random")
OUT_OF_SCOPE_WAYS = ("auto", "class", "threshold", "distance")

FEW_LABELS: dict[str, Any] = {"contrast_weight": 0.5, "contrast": "hard", "refit": True, "self_training": 0.5}
"""What helps where some ten utterances a label are known and many more are at hand (docs/results.md)."""


@dataclasses.dataclass(frozen=True)
class IntentConfig(Checked, section="task"):
    """Intent detection."""

    name: str = "intent"
    head: str = "linear"  # "frozen": fitted to vectors that stay as they are, without training; "knn":
    # tree-contrastive training, and the labels of the nearest training utterances
    vector: str = (
        "auto"  # the vector of an utterance, see `tasks.encoder`; "auto": the one that the weights were trained for
    )
    text_field: str = "text"  # of a CSV or JSONL file
    label_field: str = "label"
    max_tokens: int = 62  # of an utterance; of a longer one the first are read
    head_start: str = "regression"  # what the linear head starts at, and what a frozen one is: fitted by logistic
    # regression, or the "means" of the classes' vectors; "random": of the linear head alone
    head_dropout: float = 0.25
    r_drop_weight: float = 5.0  # 0 saves half of the time
    mlm_weight: float = 0.1  # 0 saves a third of the time
    contrast_weight: float = 0.0  # of the contrast beside the cross-entropy of the linear head
    refit: bool = False  # the linear head is fitted anew, by the regression, to the vectors after training
    label_smoothing: float = 0.0
    balance: bool = False  # weigh a training utterance by 1 / frequency of its label, also in the regression
    label_words: bool = True  # the name of each label is a training utterance too
    self_training: float = 0.0  # weight of an utterance without a label, whose label is guessed, over that of others:
    # those of `data.unlabelled`, and what a few-shot subset leaves out of training
    out_of_scope: str = "auto"  # "class": like the others; "threshold": learnt from the others alone, a score below
    # the threshold is out; "distance": with or without examples, by unlikeness to training and doubt, the threshold by
    # `out_of_scope_cost`; "auto": "distance" if training has the label, else nothing is out of scope
    out_of_scope_label: str = "oos"
    out_of_scope_cost: float = 0.01  # in-scope accuracy that the distance may lose on validation
    neighbours: int = 1  # of the knn head
    contrast: str = "soft"  # weights of pairs by label tree; "hard": 1 for the same label, else 0
    temperature: float = 0.07  # of the contrast, and of the means
    strength: float = 30.0  # of the regression: how closely it fits the training utterances
    adversarial: AdversarialConfig = dataclasses.field(default_factory=AdversarialConfig)

    def _check_values(self) -> None:
        require(self.name == "intent", "task.name", "belongs to the task and cannot be changed")
        choices = {
            "head": HEADS,
            "vector": VECTORS,
            "head_start": HEAD_STARTS,
            "contrast": CONTRASTS,
            "out_of_scope": OUT_OF_SCOPE_WAYS,
        }
        for field, known in choices.items():
            given = getattr(self, field)
            require(given in known, f"task.{field}", f"{given!r} is not one of {', '.join(map(repr, known))}")
        frozen = self.head == "frozen" and self.head_start == "random"
        require(not frozen, "task.head_start", "a frozen head is not trained, so it cannot start at random")
        require(
            not self.adversarial.weight or self.head == "linear",
            "task.adversarial.weight",
            f"says how predictions change, and the {self.head} head has none in training; use 'linear'",
        )
        for field in ("max_tokens", "neighbours", "temperature", "strength"):
            require(getattr(self, field) > 0, f"task.{field}", f"{getattr(self, field)} is not positive")
        for field in ("r_drop_weight", "mlm_weight", "contrast_weight", "self_training"):
            require(getattr(self, field) >= 0, f"task.{field}", f"{getattr(self, field)} is negative")
        require(
            self.out_of_scope != "distance" or self.head != "knn",
            "task.out_of_scope",
            "'distance' needs probabilities, and the knn head has none; use 'class' or 'threshold'",
        )
        for field in ("head_dropout", "label_smoothing", "out_of_scope_cost"):
            require_fraction(getattr(self, field), f"task.{field}")
