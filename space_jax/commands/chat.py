"""`space-jax chat`: a conversation with an agent in the terminal."""

import argparse
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from space_jax.errors import UserError

if TYPE_CHECKING:
    from space_jax.agent.agent import Streamed
    from space_jax.agent.conversation import Reply

_LEAVE = ("/quit", "/exit")
_AGAIN = "/new"
_NAMES = ("name", "train_id", "poi", "event", "location")
_NAMED = 5  # matches that are listed


def add_parser(verbs: Any) -> None:
    """Declares the verb."""
    parser = verbs.add_parser(
        "chat",
        help="talk to an agent in the terminal",
        epilog=f"{_AGAIN} starts over, {_LEAVE[0]} or an end of input leaves.",
    )
    parser.add_argument("--workdir", type=Path, required=True, help="folder of a fine-tuning run for dialogue")
    parser.add_argument("--step", default="best", help="a step, 'best' or 'latest' (%(default)s)")
    parser.add_argument("--database", help="tables, a file or a folder (default: those of the run's corpus)")
    parser.add_argument("--transcript", type=Path, metavar="FILE", help="save the conversation as JSON lines")
    parser.add_argument("--temperature", type=float, default=0.0, help="0: the likeliest words (%(default)s)")
    parser.add_argument("--top-k", type=int, default=0, help="0: all (%(default)s)")
    parser.add_argument("--top-p", type=float, default=1.0, help="1: all (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the words that are drawn (%(default)s)")
    parser.set_defaults(run=_run, takes_config=False)


def _run(given: argparse.Namespace, _: list[str]) -> None:
    from space_jax.agent.agent import Agent
    from space_jax.agent.backend import Tables
    from space_jax.agent.conversation import Conversation
    from space_jax.agent.database import Database
    from space_jax.agent.worlds import Worlds
    from space_jax.config_files import read_config
    from space_jax.decoding.sampling import Sampling
    from space_jax.tasks.config import FinetuneConfig

    if given.transcript is not None and not given.transcript.parent.is_dir():
        raise UserError(f"--transcript: expected an existing folder to write to, found no {given.transcript.parent}")
    sampling = Sampling(given.temperature, given.top_k, given.top_p)
    run: FinetuneConfig = read_config(given.workdir, FinetuneConfig)
    agent = Agent.load(given.workdir, given.step, sampling, given.seed)
    worlds = Worlds(run.data.corpus, run.data.source, given.database or getattr(run.task, "database", ""))
    fresh = Conversation(worlds.of("") or Tables(Database({})))
    console, conversation, lines = Console(), fresh, list[dict[str, Any]]()
    while (text := _asked(console)) is not None:
        if text.strip() == _AGAIN:
            conversation = fresh
            continue
        answer = agent.stream(conversation, text)
        _show(console, answer)
        console.print("agent> ", end="")
        for piece in answer.pieces:
            console.print(Text(piece), end="", soft_wrap=True)
        console.print()
        reply, conversation = answer.finish()
        lines.append({"user": text, **as_json(reply)})
    if given.transcript is not None:
        write_lines(given.transcript, lines)


def as_json(reply: "Reply") -> dict[str, Any]:
    """A reply for a transcript."""
    return {
        "state": {d: {slot: values[0] for slot, values in slots.items()} for d, slots in reply.state.items()},
        "matches": reply.found.count,
        "database": list(reply.found.tokens),
        "acts": [[one.domain, one.act, dict(one.slots)] for one in reply.acts],
        "delexicalised": reply.response,
        "system": reply.text,
    }


def write_lines(path: Path, lines: list[dict[str, Any]]) -> None:
    """Writes a transcript whole or not at all."""
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
    os.replace(temporary, path)


def _asked(console: Console) -> str | None:
    """What the user types; None at the end."""
    try:
        text = console.input("you> ", markup=False)
    except (EOFError, KeyboardInterrupt):
        return None
    return None if text.strip() in _LEAVE else text


def _show(console: Console, answer: "Streamed") -> None:
    """The belief state, the database and the acts of an answer."""
    table = Table(show_header=False, box=None, padding=(0, 1))
    for domain, slots in answer.state.items():
        _row(table, "state", f"{domain}: " + ", ".join(f"{slot} = {values[0]}" for slot, values in slots.items()))
    found = answer.found
    names = [_name(row) for row in found.rows[:_NAMED]]
    _row(table, "database", f"{found.count} matches {' '.join(found.tokens)}: {', '.join(names)}")
    for act in answer.acts:
        _row(table, "act", " ".join((act.domain, act.act, *act.slots)))
    console.print(table, style="dim")


def _row(table: Table, what: str, words: str) -> None:
    table.add_row(what, Text(words))  # not a string, in which rich would read brackets as markup


def _name(row: Mapping[str, str]) -> str:
    """What people call a row."""
    return next((row[column] for column in _NAMES if column in row), next(iter(row.values()), ""))
