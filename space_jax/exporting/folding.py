"""Our encoder as the arrays of a BERT that reads one text of a user: what a BERT has no table for is folded in.

A user's text alone has the same role and turn at every token, so their embeddings are added to those of the positions.
A summary has a token's embedding and nothing else, so it gets a position of its own, of zeros, before the others. The
learned vector of SPACE-1 is normalised as the sum of embeddings is, so it takes the place of the token `[CLS]`, which
no text contains. All of that is exact but for the order in which numbers are added.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from space_jax.config import ModelConfig
from space_jax.convert.bert import config_fields
from space_jax.convert.key_map import part_of
from space_jax.convert.mapping import bert_keys, to_theirs
from space_jax.exporting.text_layout import TextLayout
from space_jax.features.layout import USER_ROLE

State = dict[str, np.ndarray]

LAST_TURN = 1  # the turn id of the last turn
_TYPES = 2  # token types of a BERT; tools for pairs of texts give the second type 1
_POSITION, _ROLE, _TURN = (f"backbone/embedding/{name}" for name in ("position", "role", "turn"))
_TOKEN, _SUMMARY = "backbone/embedding/token", "summary"


@dataclasses.dataclass(frozen=True)
class Bert:
    """A BERT.

    Attributes:
      state: key -> float32 array, without the prefix `bert.`, and without a pooler.
      model: its sizes.
    """

    state: State
    model: ModelConfig

    @property
    def fields(self) -> dict[str, Any]:
        """Of `config.json`."""
        return config_fields(self.model) | {"type_vocab_size": _TYPES}


def fold(arrays: Mapping[str, np.ndarray], model: ModelConfig, layout: TextLayout) -> Bert:
    """The BERT that computes what our encoder does with texts in a layout.

    Args:
      arrays: of our model, path -> float32 array, the vocabulary not padded.
      model: its sizes.
      layout: of the texts.
    """
    ours = {path: np.asarray(array, np.float32) for path, array in arrays.items() if part_of(path) == "backbone"}
    turn = ours.pop(_TURN, None)
    if not layout.dialogue:
        ours[_ROLE] = ours[_ROLE][[0, min(1, len(ours[_ROLE]) - 1)]]
    else:
        assert turn is not None, "weights that read dialogues have a table of turns"
        ours[_POSITION] = ours[_POSITION] + (ours[_ROLE][USER_ROLE] + turn[LAST_TURN])[None]
        ours[_ROLE] = np.zeros((_TYPES, model.hidden), np.float32)
    if layout.summary:
        ours[_POSITION] = np.concatenate([np.zeros((1, model.hidden), np.float32), ours[_POSITION]])
    if layout.summary and _SUMMARY in arrays:
        ours[_TOKEN] = ours[_TOKEN].copy()
        ours[_TOKEN][layout.opening[0]] = arrays[_SUMMARY]
    sizes = dataclasses.replace(model, positions=len(ours[_POSITION]))
    return Bert(to_theirs(ours, bert_keys, model.heads), sizes)
