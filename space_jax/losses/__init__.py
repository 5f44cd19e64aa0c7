"""The losses: pure, jitted functions that compute in float32 whatever precision the models use.

A loss over tokens returns a `Sum`; a loss over examples returns one value per example, and the recipe sums those of
the examples that count. Nothing here depends on files, corpora or models.
"""

from space_jax.losses.adversarial import adversarial_step, divergence_by_classes
from space_jax.losses.bag_of_words import bag_of_words
from space_jax.losses.classification import class_cross_entropy
from space_jax.losses.contrast import l2_normalise, multi_view_contrast, weighted_contrast
from space_jax.losses.contrast_pairs import contrast_weights, pool_groups
from space_jax.losses.dependency import dependency_contrast, dependency_weights
from space_jax.losses.dialog_act import dialog_act, entropy_gate
from space_jax.losses.language_model import shifted_targets, token_cross_entropy
from space_jax.losses.policy import policy_distance
from space_jax.losses.r_drop import r_drop, symmetric_kl, under_two_keys
from space_jax.losses.replaced_tokens import replaced_tokens
from space_jax.losses.selection import response_selection
from space_jax.losses.slot_state import slot_state
from space_jax.losses.sums import Sum
from space_jax.losses.task_weights import task_penalty, task_weighted
from space_jax.losses.tied_vocabulary import tied_cross_entropy, tied_predictions
from space_jax.losses.tree_similarity import combined_similarity, view_similarities

__all__ = [
    "Sum",
    "adversarial_step",
    "bag_of_words",
    "class_cross_entropy",
    "combined_similarity",
    "contrast_weights",
    "dependency_contrast",
    "dependency_weights",
    "dialog_act",
    "divergence_by_classes",
    "entropy_gate",
    "l2_normalise",
    "multi_view_contrast",
    "policy_distance",
    "pool_groups",
    "r_drop",
    "replaced_tokens",
    "response_selection",
    "shifted_targets",
    "slot_state",
    "symmetric_kl",
    "task_penalty",
    "task_weighted",
    "tied_cross_entropy",
    "tied_predictions",
    "token_cross_entropy",
    "under_two_keys",
    "view_similarities",
    "weighted_contrast",
]
