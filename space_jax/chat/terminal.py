"""A conversation with an agent in the terminal."""

import io
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from space_jax.agent.agent import Agent
from space_jax.chat.answer import Answer, Talk, act_line, frame_lines, match_line, match_names
from space_jax.printable import printable
from space_jax.tasks.dialogue.sequence import RESPONSE
from space_jax.terminal import Console
from space_jax.writing import LOCK, append, locked, writing

LEAVE, AGAIN = ("/quit", "/exit"), "/new"


def talk_in_terminal(agent: Agent, fresh: Talk, transcript: Path | None = None) -> None:
    """Converses until the user leaves.

    Args:
      agent: that answers.
      fresh: a conversation that has not begun.
      transcript: file for the turns as JSON lines; replaced, then each turn is added when it ends.

    Raises:
      UserError: another process writes the transcript, or the disk is full.
    """
    for stream in (sys.stdin, sys.stdout):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    console, talk, dialogue = Console(), fresh, 1
    with _keeping(transcript) as keep:
        while (text := _asked(console)) is not None:
            if text.strip() == AGAIN:
                talk, dialogue = fresh, dialogue + 1
                continue
            line, talk = _answered(console, Answer(agent, talk, text))
            keep({"dialogue": dialogue, **line})


@contextmanager
def _keeping(transcript: Path | None) -> Iterator[Callable[[dict[str, Any]], None]]:
    """What adds a turn to the transcript, if there shall be one."""
    if transcript is None:
        yield lambda line: None
        return
    what, then = f"--transcript {transcript}", "the turns before are in it; make room, and name another file"
    with locked(transcript.with_name(f".{transcript.name}{LOCK}"), what), writing(what, then):
        transcript.write_bytes(b"")
        yield lambda line: append(transcript, json.dumps(line, ensure_ascii=False) + "\n")


def _asked(console: Console) -> str | None:
    """The user's input; None at its end."""
    try:
        text = console.input("you> ", markup=False)
    except (EOFError, KeyboardInterrupt):
        return None
    return None if text.strip() in LEAVE else text


def _answered(console: Console, answer: Answer) -> tuple[dict[str, Any], Talk]:
    """Shows an answer while it is written."""
    _show(console, answer)
    console.print("agent> ", end="")
    for piece in answer.pieces:
        console.print(Text(piece), end="", soft_wrap=True)
    console.print()
    line, talk = answer.finish()
    if RESPONSE in line["cut"]:
        console.print("the answer reached its limit of tokens and is not finished", style="dim")
    return line, talk


def _show(console: Console, answer: Answer) -> None:
    """Everything that precedes the words of an answer."""
    table = Table(show_header=False, box=None, padding=(0, 1))
    for line in frame_lines(answer.frame):
        _row(table, "understood", line)
    for domain, slots in answer.state.items():
        values = ", ".join(f"{slot} = {values[0]}" for slot, values in slots.items())
        _row(table, "state", f"{domain}: {values}" if values else domain)
    names = ", ".join(match_names(answer.found))
    _row(table, "database", f"{match_line(answer.found)}: {names}" if names else match_line(answer.found))
    for act in answer.acts:
        _row(table, "act", act_line(act))
    for part in answer.cut:
        _row(table, "cut", f"the {part} reached the limit of tokens and may lack its end")
    console.print(table, style="dim")


def _row(table: Table, what: str, words: str) -> None:
    table.add_row(what, Text(printable(words)))  # not a string, in which rich would read brackets as markup
