"""The batch: B examples packed into a grid of R rows.

Token-level arrays are `[R, L]` and know their example by a segment id local to the row (0 pads, s + 1 is the example
in slot s), so that everything about a token stays in its row and a row on its device. Arrays about whole examples are
`[B, ...]`; `slot` says where in the grid an example lies. Everything is NumPy on the host and becomes jax.Array when
the training loop puts it on the mesh.
"""

from typing import Any

import jax
from flax import struct

Array = Any  # np.ndarray on the host, jax.Array on a device


@struct.dataclass
class Tokens:
    """A grid of tokens, each `[R, L]` int32.

    Attributes:
      ids: token ids.
      positions: 0, 1, ... within the turn.
      roles: 0 system, 1 user.
      turns: distance to the response (0 the response, 1 the last context turn, ...).
      segments: 0 for padding, slot + 1 otherwise; the tokens of one example are contiguous and in order.
    """

    ids: Array
    positions: Array
    roles: Array
    turns: Array
    segments: Array


@struct.dataclass
class Batch:
    """One packed batch. R rows, S slots a row, B examples, L and Lr lengths, M masked positions a row.

    Attributes:
      context: tokens `[R, L]` of the contexts.
      response: tokens `[R, Lr]` of the responses, each in the row and slot of its context; an example without a
        response has none there.
      negative: like `response`, with the response of another example; drawn for SPACE-1's selection.
      masked_ids: `[R, L]` int32, `context.ids` after masking.
      masked_positions: `[R, M]` int32, the column of each masked token.
      masked_targets: `[R, M]` int32, its true id.
      masked_weights: `[R, M]` float32, 1 for a masked token and 0 for an unused place.
      occupied: `[R, S]` bool, whether an example lies in the slot.
      slot: `[B]` int32, row * S + slot of each example (0 where not `valid`).
      valid: `[B]` bool, False for the examples that fill up the last batch of an evaluation.
      acts_known, user_tree_known, system_tree_known: `[B]` bool, which annotation of an example may be used.
      user_words, response_words: `[B, T]` int32, tokens of the last user turn and of the response with their
        `<sos>`/`<eos>`, padded with -1.
      user_tree, system_tree: `[B, 10, K]` int32, hashed elements of the ten views of the last user turn and of the
        response; 0 pads. Empty where not known.
      acts: `[B, 20]` float32, the unified dialog acts of the response, 0 or 1; 0 where not known.
      dialogue: `[B]` int32, a hash of the dialogue's id.
    """

    context: Tokens
    response: Tokens
    negative: Tokens
    masked_ids: Array
    masked_positions: Array
    masked_targets: Array
    masked_weights: Array
    occupied: Array
    slot: Array
    valid: Array
    acts_known: Array
    user_tree_known: Array
    system_tree_known: Array
    user_words: Array
    response_words: Array
    user_tree: Array
    system_tree: Array
    acts: Array
    dialogue: Array


def micro_batches(batch: Batch) -> list[Batch]:
    """The micro-batches of a batch `[A, ...]`, without their axis."""
    return [jax.tree.map(lambda array, a=a: array[a], batch) for a in range(batch.valid.shape[0])]


def measured_unlabelled(dialogue: Array) -> Array:
    """Whether held-out losses take the examples of a dialogue as unlabelled, so that both streams are measured.

    Args:
      dialogue: hash of the dialogue's id, an int or an array.
    """
    return dialogue % 2 == 1
