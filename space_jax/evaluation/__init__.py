"""Metrics of pre-training and of benchmarks: pure functions on the host."""

from space_jax.evaluation.dialog_acts import ActScore, act_table, micro_f1
from space_jax.evaluation.language_model import perplexity
from space_jax.evaluation.retrieval import nearest, retrieval_accuracy, take_trees, vote_acts

__all__ = [
    "ActScore",
    "act_table",
    "micro_f1",
    "nearest",
    "perplexity",
    "retrieval_accuracy",
    "take_trees",
    "vote_acts",
]
