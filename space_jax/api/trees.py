"""Semantic trees of annotated turns, readable and as arrays for `space_jax.losses`."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from space_jax.dialogue.from_json import dialogue_from_json
from space_jax.dialogue.record import Frame
from space_jax.dialogue.trees import VIEWS, hashed_views
from space_jax.dialogue.trees import tree_views as views_of
from space_jax.errors import UserError
from space_jax.features.example import Limits

Turn = Mapping[str, Any]


def tree_views(turn: Turn) -> dict[str, list[str]]:
    """The ten views of a turn's semantic tree, in order and with their elements.

    Args:
      turn: an object as in docs/data_format.md: `role`, `text`, and `frames` with domain, intent and slots.

    Returns:
      View -> elements, sorted: `{"D": ["hotel"], ..., "IS": ["inform-area"], ...}`; the letters are the levels that an
      element joins (domain, intent, slot, value). A turn without frames has none.

    Raises:
      UserError: a wrong field; names it.
    """
    return {view: sorted(elements) for view, elements in zip(VIEWS, views_of(_frames(turn, 1)), strict=True)}


def semantic_trees(turns: Sequence[Turn], width: int = Limits.tree_elements) -> np.ndarray:
    """The trees of turns as the losses take them, see `space_jax.losses.view_similarities`.

    Args:
      turns: as in `tree_views`.
      width: K, the most elements of a view; of a larger one the smallest hashes stay.

    Returns:
      int32 `[B, 10, K]`, hashed elements padded with 0.

    Raises:
      UserError: a wrong field; names it and the number of the turn.
    """
    hashed = [hashed_views(_frames(turn, number), width) for number, turn in enumerate(turns, start=1)]
    return np.stack(hashed) if hashed else np.zeros((0, len(VIEWS), width), np.int32)


def _frames(turn: Turn, number: int) -> tuple[Frame, ...]:
    try:
        (parsed,) = dialogue_from_json({"id": f"turn {number}", "turns": [turn]}).turns
    except UserError as error:
        raise UserError(f"turn {number}: {error}") from None
    return parsed.frames or ()
