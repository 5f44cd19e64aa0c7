"""A pre-trained model, read from the workdir of its run: vectors of texts and dialogues."""

import dataclasses
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from space_jax.config import MeshConfig, PretrainConfig, Space2Config
from space_jax.config_files import read_config
from space_jax.dialogue.from_json import dialogue_from_json
from space_jax.dialogue.record import USER, Dialogue, Turn
from space_jax.dialogue.trees import VIEWS
from space_jax.errors import UserError
from space_jax.features.example import Limits, context_example
from space_jax.features.grid import Grid, make_grid
from space_jax.features.layout import WRAPPERS, Layout, assemble
from space_jax.features.packing import NOTHING, Item, pack
from space_jax.features.tokenizer import Tokenizer, load_tokenizer
from space_jax.models.attention_path import anywhere
from space_jax.models.registry import make_recipe
from space_jax.models.space2_recipe import Space2Recipe
from space_jax.remote import as_path
from space_jax.terminal.progress import Told, telling, untold
from space_jax.training.beginning import require_steps
from space_jax.training.checkpoint import load_params
from space_jax.training.mesh import make_mesh
from space_jax.training.run_reader import BEST, CHECKPOINTS, TOKENIZER, find_step, require_config_as_trained
from space_jax.training.state import abstract_placed_params

Input = str | Mapping[str, Any] | Dialogue


class Pretrained:
    """A pre-trained model, on one device.

    Attributes:
      config: of its run.
      step: of its checkpoint.
    """

    def __init__(
        self, config: PretrainConfig, step: int, params: Any, tokenizer: Tokenizer, limits: Limits, grid: Grid
    ) -> None:
        """Assembles a model; `load` reads one.

        Args:
          config: of the run, with the vocabulary.
          step: of the checkpoint.
          params: of the model.
          tokenizer: of the run.
          limits: lengths of its corpora, to which dialogues are cut.
          grid: of a batch.
        """
        self.config, self.step = config, step
        self._params, self._tokenizer, self._limits, self._grid = params, tokenizer, limits, grid
        self._recipe = recipe = make_recipe(config.model, config.recipe)
        self._represent = jax.jit(lambda params, batch: recipe.represent(params, batch)["understanding"])

    @classmethod
    def load(
        cls, workdir: str | os.PathLike[str], step: str = BEST, batch_size: int = 32, texts_only: bool = False
    ) -> "Pretrained":
        """The model of a pre-training run.

        Args:
          workdir: of the run; may be in a bucket.
          step: "best", "latest" or a number.
          batch_size: examples of a batch.
          texts_only: whether it will be given no dialogues; then a row is as long as one turn, and a batch has as few
            of them as it needs, of a power of two.

        Raises:
          UserError: no such run or checkpoint, or a damaged one.
        """
        folder = as_path(workdir)
        config: PretrainConfig = read_config(folder)
        config = dataclasses.replace(config, model=anywhere(config.model))
        number = find_step(folder, step)
        require_steps(folder, number, step)
        require_config_as_trained(folder, number)
        tokenizer, limits = load_tokenizer(folder / TOKENIZER), Limits.load(folder)
        grid = _grid(config, limits, batch_size, texts_only)
        mesh = make_mesh(MeshConfig(rules=config.mesh.rules), jax.local_devices()[:1])
        recipe = make_recipe(config.model, config.recipe)
        abstract = abstract_placed_params(recipe, pack([], grid), config.mesh.rules, mesh)
        params = load_params(folder / CHECKPOINTS, abstract, number)
        return cls(config, number, params, tokenizer, limits, grid)

    def embed(self, inputs: Sequence[Input]) -> np.ndarray:
        """The understanding vector of each input: of the last user turn in its context.

        Args:
          inputs: texts of a user, or dialogues: `Dialogue`, or objects as in docs/data_format.md, whose `id` may be
            missing. System turns after the last user turn are ignored.

        Returns:
          float32 `[N, H]`; the vectors do not depend on one another.

        Raises:
          UserError: an input without words of a user; with its number.
        """
        if isinstance(inputs, str | Mapping | Dialogue):
            raise UserError(f"embed: expected a list of texts or dialogues, found one {type(inputs).__name__}")
        layouts = self.layouts(inputs)
        with telling("batches") as told:
            return self.vectors(layouts, told)

    def layouts(self, inputs: Sequence[Input]) -> list[Layout]:
        """The inputs of `embed` in tokens."""
        return [self._layout(_dialogue(given, f"input {number}")) for number, given in enumerate(inputs, start=1)]

    def warm_up(self) -> Iterator[tuple[int, int]]:
        """Compiles a program for each shape of a batch, by running it on nothing.

        Yields:
          After each program, how many there are so far and how many in all.
        """
        for done, rung in enumerate(self._grid.rungs, start=1):
            jax.block_until_ready(self._represent(self._params, pack([], self._grid).grown(rung)))
            yield done, len(self._grid.rungs)

    def require_usable(self, given: Input, where: str) -> None:
        """Checks an input before many of them are given together.

        Args:
          given: as for `embed`.
          where: it is from, for the message.

        Raises:
          UserError: it has no words of a user.
        """
        _dialogue(given, where)

    def embed_turns(self, dialogues: Iterable[Dialogue]) -> np.ndarray:
        """The vector of every turn with words, of either side, as the last of its context.

        That of a user's turn is `embed`'s. A system's turn is read in the same way, though training never put one last.

        Args:
          dialogues: their turns without words have no vector.

        Returns:
          float32 `[N, H]`, in the order of the dialogues and of their turns.
        """
        prefixes = (
            dataclasses.replace(dialogue, turns=dialogue.turns[:end])
            for dialogue in dialogues
            for end, turn in enumerate(dialogue.turns, start=1)
            if turn.text.strip()
        )
        layouts = [self._layout(prefix) for prefix in prefixes]
        with telling("batches") as told:
            return self.vectors(layouts, told)

    @property
    def views(self) -> tuple[str, ...]:
        """The views of the semantic tree in which the model compares turns: SPACE-2's ten subspaces, else none."""
        recipe = self.config.recipe
        return VIEWS if isinstance(recipe, Space2Config) and recipe.subspace else ()

    def in_view(self, vectors: np.ndarray, view: str) -> np.ndarray:
        """Vectors in the subspace of a view, where SPACE-2 contrasted them.

        Args:
          vectors: `[N, H]` from `embed` or `embed_turns`.
          view: one of `views`.

        Returns:
          float32 `[N, D]`, of length 1.
        """
        assert self.views, f"{self.config.recipe.name} has no subspaces"
        assert isinstance(self._recipe, Space2Recipe)
        return np.asarray(self._recipe.project(self._params, jnp.asarray(vectors))[VIEWS.index(view)])

    def vectors(self, layouts: Sequence[Layout], told: Told = untold) -> np.ndarray:
        """The vector of each of `layouts`, in batches of similar lengths; `told` hears of each."""
        order = sorted(range(len(layouts)), key=lambda index: -len(layouts[index].ids))
        vectors = np.zeros((len(layouts), self.config.model.hidden), np.float32)
        starts = range(0, len(order), self._grid.examples)
        for done, start in enumerate(starts, start=1):
            chosen = order[start : start + self._grid.examples]
            items = [Item(layouts[index], layouts[index].ids, NOTHING, NOTHING) for index in chosen]
            vectors[chosen] = np.asarray(self._represent(self._params, pack(items, self._grid)))[: len(chosen)]
            told(done, len(starts))
        return vectors

    def _layout(self, dialogue: Dialogue) -> Layout:
        example = context_example(dialogue, self._tokenizer, self._limits)
        config = self.config
        return assemble(example, config.model.vocabulary, config.recipe.name, config.data.context_length)


def _grid(config: PretrainConfig, limits: Limits, batch_size: int, texts_only: bool) -> Grid:
    """Few shapes, with less than a row for each text, because most are short."""
    words = limits.max_turn_tokens + WRAPPERS
    data = dataclasses.replace(config.data, response_length=words, row_ladder=(0.25, 0.5, 1.0), grids=())
    if texts_only:
        halves = tuple(2.0**-power for power in reversed(range(batch_size.bit_length())))
        data = dataclasses.replace(data, context_length=words, row_ladder=halves)
    return make_grid(data, config.recipe, batch_size, limits.max_turn_tokens)


def _dialogue(given: Input, where: str) -> Dialogue:
    """An input as a dialogue that ends with a user's turn."""
    if isinstance(given, str):
        dialogue = Dialogue(where, (Turn(USER, given),))
    elif isinstance(given, Dialogue):
        dialogue = given
    else:
        try:
            dialogue = dialogue_from_json({"id": where, **given})
        except UserError as error:
            raise UserError(f"{where}: {error}") from None
    ends = [index for index, turn in enumerate(dialogue.turns, start=1) if turn.role == USER and turn.text.strip()]
    if not ends:
        raise UserError(f"{where}: expected words of a user, found none")
    return dataclasses.replace(dialogue, turns=dialogue.turns[: ends[-1]])
