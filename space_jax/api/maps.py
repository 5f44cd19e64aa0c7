"""A map of dialogues: groups of turns that mean something similar, and what follows what."""

import dataclasses
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from space_jax.api.pretrained import Pretrained
from space_jax.api.sentences import Sentences
from space_jax.corpora.dialogue_map.grouping import require_scikit_learn
from space_jax.corpora.dialogue_map.page import map_page
from space_jax.corpora.dialogue_map.said import failed, in_order, said_in
from space_jax.corpora.dialogue_map.view import Group, View, make_view
from space_jax.dialogue.from_json import dialogue_from_json
from space_jax.dialogue.record import Dialogue
from space_jax.errors import UserError
from space_jax.remote import as_path
from space_jax.tasks.config import is_finetuned
from space_jax.tasks.workdir import write_text
from space_jax.training.run_reader import BEST, CHECKPOINTS

WHOLE = "whole"
VIEWS = {"asked": "I", "about": "D", "slots": "S"}
"""Of a model with subspaces the further groupings, and the view of the semantic tree that each compares turns in."""

_TITLES = {
    WHOLE: "all that is said",
    "asked": "what is asked",
    "about": "what it is about",
    "slots": "which slots it has",
}


class TurnEncoder(Protocol):
    """A model that gives vectors of turns: `Pretrained`, `Sentences`."""

    @property
    def views(self) -> tuple[str, ...]: ...

    def embed_turns(self, dialogues: Iterable[Dialogue]) -> np.ndarray: ...


@dataclasses.dataclass(frozen=True)
class DialogueMap:
    """Groups of turns, and the flow between them.

    Attributes:
      dialogues: how many were mapped.
      turns: how many of their turns have words.
      fails: the share of dialogues whose last outcome, as the system's acts tell it, is a failure; None without acts.
      views: "whole" -> groups by all that is said; of a SPACE-2 run also "asked", "about" and "slots".
    """

    dialogues: int
    turns: int
    fails: float | None
    views: dict[str, View]

    @property
    def groups(self) -> tuple[Group, ...]:
        """Those of the view "whole"."""
        return self.views[WHOLE].groups

    def as_json(self) -> dict[str, Any]:
        """All of it for `json.dumps`."""
        return dataclasses.asdict(self)

    def html(self, title: str, model: str = "") -> str:
        """The map as a page without scripts that needs no network.

        Args:
          title: of the page.
          model: named beside the numbers of dialogues and turns.
        """
        facts = f"{self.dialogues:,} dialogues, {self.turns:,} turns" + (f"; vectors of {model}" if model else "")
        return map_page(title, facts, {_TITLES[name]: view for name, view in self.views.items()}, self.fails)

    def save(self, path: str | os.PathLike[str], title: str = "Map of dialogues", model: str = "") -> None:
        """Writes the page, whole or not at all."""
        write_text(Path(path), self.html(title, model))


def map_dialogues(
    model: str | os.PathLike[str] | TurnEncoder,
    dialogues: Iterable[Dialogue | Mapping[str, Any]],
    groups: int | None = None,
    seed: int = 0,
) -> DialogueMap:
    """Groups the turns of dialogues by what they mean, and counts what follows what; annotation is not needed.

    Args:
      model: the workdir of a pre-training run; other weights, which are read as a sentence encoder: "minilm" or a
        folder as `--init` takes it; or a loaded `Pretrained`.
      dialogues: `Dialogue`s, or objects as in docs/data_format.md. Their order does not matter.
      groups: of each side, the user's and the system's; chosen from the vectors if None.
      seed: of k-means.

    Returns:
      The groups as data; `save` writes the page.

    Raises:
      UserError: no such model; a wrong dialogue, or none with words; scikit-learn is not installed.
    """
    require_scikit_learn()
    chosen = in_order(_dialogue(given, number) for number, given in enumerate(dialogues, start=1))
    rows = said_in(chosen)
    if not rows:
        raise UserError("map: expected dialogues with words, found none")
    encoder = turn_encoder(model) if isinstance(model, str | os.PathLike) else model
    vectors = encoder.embed_turns(chosen)
    views = {WHOLE: make_view(chosen, rows, vectors, groups, seed)}
    if isinstance(encoder, Pretrained) and encoder.views:
        for name, view in VIEWS.items():
            views[name] = make_view(chosen, rows, encoder.in_view(vectors, view), groups, seed)
    known = [outcome for outcome in map(failed, chosen) if outcome is not None]
    return DialogueMap(len(chosen), len(rows), sum(known) / len(known) if known else None, views)


def turn_encoder(model: str | os.PathLike[str], step: str = BEST) -> TurnEncoder:
    """The model of a pre-training run, or other weights as a sentence encoder.

    Args:
      model: see `map_dialogues`.
      step: of a run: "best", "latest" or a number.

    Raises:
      UserError: neither is there, or the run was fine-tuned.
    """
    folder = as_path(model)
    if (folder / CHECKPOINTS).is_dir():
        if is_finetuned(folder):
            raise UserError(f"{model}: is a fine-tuning run; turns are read by a pre-training run's model")
        return Pretrained.load(folder, step)
    return Sentences.load(os.fspath(model))


def _dialogue(given: Dialogue | Mapping[str, Any], number: int) -> Dialogue:
    if isinstance(given, Dialogue):
        return given
    try:
        return dialogue_from_json({"id": f"dialogue {number}", **given})
    except UserError as error:
        raise UserError(f"dialogue {number}: {error}") from None
