"""The model of a run as the server uses it: what it offers, its programs, and its answers to a batch."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from space_jax.agent.agent import Agent
from space_jax.api.pretrained import Pretrained
from space_jax.chat.answer import Talk
from space_jax.config_files import read_config
from space_jax.errors import UserError
from space_jax.tasks.config import FinetuneConfig, is_finetuned
from space_jax.tasks.predictor import Predictor
from space_jax.training.run_reader import find_step

PREDICT, EMBEDDINGS, CHAT = "/predict", "/v1/embeddings", "/v1/chat/completions"

SIZE = 32
"""Texts of a batch."""
ROWS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32)
"""Rows of a batch: few programs, and at most a third of a batch is padding."""

Steps = Iterator[tuple[int, int]]


@dataclasses.dataclass(frozen=True, slots=True)
class Asked:
    """One input of a request.

    Attributes:
      path: `PREDICT` or `EMBEDDINGS`.
      given: a text, or the object that a line of a JSONL file for the task holds.
      where: it stands in the request.
      number: of it there, from 1.
    """

    path: str
    given: str | Mapping[str, Any]
    where: str
    number: int


@dataclasses.dataclass(frozen=True, slots=True)
class Vector:
    """The answer to an `Asked` of `EMBEDDINGS`: float32 `[H]`, and how many tokens the model read."""

    values: np.ndarray
    tokens: int


class FinetunedEngine:
    """A run for any task but dialogue.

    Attributes:
      kind: what the run is, in words.
      paths: that it offers.
      width: H of its vectors.
      queue: inputs that may wait, unless the server is told otherwise.
      misfits: what does not fit the run, a sentence each.
    """

    queue = 1024
    misfits: tuple[str, ...] = ()

    def __init__(self, trained: Predictor) -> None:
        """Prepares; `engine_of` reads the run."""
        self._trained = trained
        self.step, self.kind = trained.step, f"a model for the task {trained.task.name}"
        self.paths: tuple[str, ...] = (PREDICT, EMBEDDINGS) if "vector" in trained.output_names else (PREDICT,)
        self.width = trained.config.model.hidden

    def warm_up(self) -> Steps:
        """Compiles for every shape; see `Inference.warm_up`."""
        return self._trained.warm_up()

    def answer(self, asked: Sequence[Asked]) -> list[Any]:
        """What `space-jax predict` prints of each input, or its `Vector`; a UserError for one that cannot be used."""
        results: list[Any] = [self._read(one) for one in asked]
        usable = [n for n, one in enumerate(results) if not isinstance(one, UserError)]
        if not usable:
            return results
        ids, examples = zip(*(results[n] for n in usable), strict=True)
        outputs = self._trained.outputs(examples)
        for row, n in enumerate(usable):
            if asked[n].path == EMBEDDINGS:
                results[n] = Vector(outputs["vector"][row], len(examples[row].encoded))
        rows = [row for row, n in enumerate(usable) if asked[n].path == PREDICT]
        if rows:
            chosen = {name: array[rows] for name, array in outputs.items()}
            predictions = self._trained.decided(chosen, [examples[row] for row in rows])
            for row, prediction in zip(rows, predictions, strict=True):
                results[usable[row]] = {"id": ids[row], **prediction}
        return results

    def _read(self, one: Asked) -> tuple[str, Any] | UserError:
        """The id and the example of an input."""
        task, config = self._trained.task, self._trained.config.task
        row = {getattr(config, "text_field", "text"): one.given} if isinstance(one.given, str) else one.given
        try:
            record = type(task).read_row(config, row, one.where, one.number)
            return record.id, task.example(record)
        except UserError as error:
            return error


class PretrainedEngine:
    """A pre-training run, see `FinetunedEngine`."""

    paths: tuple[str, ...] = (EMBEDDINGS,)
    queue = 1024
    misfits: tuple[str, ...] = ()

    def __init__(self, model: Pretrained) -> None:
        """Prepares; `engine_of` reads the run."""
        self._model, self.step = model, model.step
        self.kind, self.width = f"a pre-trained model ({model.config.recipe.name})", model.config.model.hidden

    def warm_up(self) -> Steps:
        """Compiles for every shape; see `Pretrained.warm_up`."""
        return self._model.warm_up()

    def answer(self, asked: Sequence[Asked]) -> list[Any]:
        """The `Vector` of each text."""
        layouts = self._model.layouts([one.given for one in asked])
        vectors = self._model.vectors(layouts)
        return [Vector(vector, len(layout.ids)) for vector, layout in zip(vectors, layouts, strict=True)]


class AgentEngine:
    """A run for dialogue.

    Attributes:
      agent: that answers.
      fresh: a conversation that has not begun.
      together: conversations that it answers side by side.
      queue: answers that may be in progress, unless the server is told otherwise; each has a memory on the device.
      misfits: where its slots and the tables do not meet, a sentence each.
    """

    queue = 64
    kind = "an agent"
    paths: tuple[str, ...] = (CHAT,)

    def __init__(self, agent: Agent, step: int, together: int) -> None:
        """Prepares; `engine_of` reads the agent."""
        self.agent, self.step, self.fresh, self.together = agent, step, Talk(agent.conversation()), together
        self.misfits: tuple[str, ...] = agent.misfits

    def warm_up(self) -> Steps:
        """Compiles for every shape; see `Agent.warm_up`."""
        return self.agent.warm_up(self.together)


Engine = FinetunedEngine | PretrainedEngine | AgentEngine


def engine_of(workdir: Path, step: str, database: str, together: int) -> Engine:
    """The model of a run.

    Args:
      workdir: of any run; may be in a bucket.
      step: "best", "latest" or a number.
      database: tables for an agent, those of its run if "".
      together: conversations that an agent answers side by side.

    Raises:
      UserError: no such run or checkpoint, or a damaged one; tables for another run than an agent's.
    """
    finetuned = is_finetuned(workdir)
    if finetuned and read_config(workdir, FinetuneConfig).task.name == "dialogue":
        agent = Agent.load(workdir, step, database=database)
        return AgentEngine(agent, find_step(workdir, step), together)
    if database:
        raise UserError(f"--database: expected the run of an agent, and {workdir} is not one")
    if finetuned:
        trained = Predictor(workdir, step, SIZE, rows=ROWS)
        trained.require_steps(step)
        return FinetunedEngine(trained)
    return PretrainedEngine(Pretrained.load(workdir, step, SIZE, texts_only=True))
