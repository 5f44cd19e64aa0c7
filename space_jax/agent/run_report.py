"""A report on an agent: dialogues of its validation split with its own answers."""

import itertools
from collections.abc import Iterator
from pathlib import Path

from rich.table import Table

from space_jax.agent.agent import Agent
from space_jax.agent.respond import respond
from space_jax.dialogue.record import BeliefState
from space_jax.tasks.config import FinetuneConfig
from space_jax.tasks.dialogue.belief_text import write_belief
from space_jax.tasks.dialogue.config import DialogueConfig
from space_jax.tasks.dialogue.splits import dialogues
from space_jax.tasks.run_report import beneath
from space_jax.terminal.progress import telling
from space_jax.world.corpus_worlds import Worlds


def answered(run: FinetuneConfig, workdir: Path, count: int) -> Iterator[Table]:
    """The first dialogues of the validation split, where the agent answers true user turns; responses delexicalised.

    Args:
      run: the configuration of the run.
      workdir: of the run.
      count: how many dialogues.

    Raises:
      UserError: there is no checkpoint, or the validation split is not where it was.
    """
    agent, task = Agent.load(workdir), run.task
    assert isinstance(task, DialogueConfig), "an agent was loaded from it"
    found = list(itertools.islice(dialogues(run.data, "validation", task.train_split), count))
    with telling("turns", "compiling") as told:
        served, _ = respond(agent, found, Worlds(run.data.corpus, run.data.source, task.database), told=told)
    for one in served:
        lines = [("dialogue", one.dialogue.id)]
        for record, reply in zip(one.records, one.replies, strict=True):
            lines += [("user", record.context[-1].text)]
            lines += [("true", _turn(record.target.state, record.target.response))]
            lines += [("predicted", _turn(reply.state, reply.response))]
        yield beneath(lines)


def _turn(state: BeliefState | None, response: str) -> str:
    return f"[{write_belief(state or {})}] {response}"
