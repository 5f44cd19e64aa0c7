"""Masking for the masked language model beside a task, in the rows of a batch."""

import numpy as np

from space_jax.config import Vocabulary
from space_jax.features.batch import Array
from space_jax.features.masking import chosen_in_turn, mask_spans
from space_jax.tasks.text_packing import TaskBatch

SHARE = 4  # at most one token in so many enters the loss


def masked_rows(batch: TaskBatch, vocabulary: Vocabulary, rng: np.random.Generator | None) -> dict[str, Array]:
    """BERT's 15% of the tokens of every row, masked: arrays for `TaskBatch.rows`.

    Returns:
      `masked_ids` `[R, L]`, `masked_positions`, `masked_targets` (int32) and `masked_weights` (float32) `[R, M]`, with
      M = L / 4. Of a row with more masked tokens those of `chosen_in_turn` are taken, and the others keep their id.
      Without `rng` nothing is masked.
    """
    ids = np.array(batch.context.ids)
    rows, length = ids.shape
    places = length // SHARE
    positions, targets = np.zeros((rows, places), np.int32), np.zeros((rows, places), np.int32)
    weights = np.zeros((rows, places), np.float32)
    masked = ids.copy()
    if rng is None:
        return _named(masked, positions, targets, weights)
    for r in range(rows):
        real = np.flatnonzero(batch.context.segments[r])
        no_spans, one_turn = np.zeros(len(real), bool), np.zeros(len(real), np.int32)
        new, chosen = mask_spans(ids[r, real], no_spans, one_turn, vocabulary, rng)
        chosen = chosen[chosen_in_turn(batch.context.segments[r, real[chosen]], places)]
        masked[r, real[chosen]] = new[chosen]
        positions[r, : len(chosen)] = real[chosen]
        targets[r, : len(chosen)] = ids[r, real[chosen]]
        weights[r, : len(chosen)] = 1.0
    return _named(masked, positions, targets, weights)


def _named(masked: Array, positions: Array, targets: Array, weights: Array) -> dict[str, Array]:
    return {
        "masked_ids": masked,
        "masked_positions": positions,
        "masked_targets": targets,
        "masked_weights": weights,
    }
