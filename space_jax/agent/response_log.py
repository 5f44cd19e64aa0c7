"""The log of answered dialogues, from which `space-jax respond` resumes."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from space_jax.errors import UserError
from space_jax.evaluation.end_to_end import Answered
from space_jax.reading.json_text import parse_json
from space_jax.reading.text import read_bytes
from space_jax.tasks.workdir import write_text
from space_jax.writing import append


class ResponseLog:
    """The answers of whole dialogues: the facts that they depend on in the first line, then one line per dialogue.

    Args:
      path: of the file. One with other facts is overwritten; a line that was cut off loses only its dialogue.
      facts: the facts that the answers depend on, of JSON's types.

    Attributes:
      answers: id of a dialogue -> the agent's turns.
    """

    def __init__(self, path: Path, facts: Mapping[str, Any]) -> None:
        self._path = path
        self.answers: dict[str, tuple[Answered, ...]] = {}
        lines = read_bytes(path).split(b"\n") if path.is_file() else []
        if lines and lines[0] == json.dumps(facts).encode():
            self.answers = dict(filter(None, map(_read, lines[1:])))
        kept = (_line(*one) for one in self.answers.items())
        write_text(path, "".join(f"{line}\n" for line in (json.dumps(facts), *kept)))

    def add(self, answers: Mapping[str, Sequence[Answered]]) -> None:
        """Appends dialogues."""
        append(self._path, "".join(f"{_line(*one)}\n" for one in answers.items()))

    def remove(self) -> None:
        """Deletes the file, once its content is elsewhere."""
        self._path.unlink()


def _line(name: str, answers: Sequence[Answered]) -> str:
    return json.dumps({"id": name, "turns": [dataclasses.asdict(one) for one in answers]})


def _read(line: bytes) -> tuple[str, tuple[Answered, ...]] | None:
    try:
        found = parse_json(line, "the line")
        turns = tuple(Answered(_state(one["state"]), one["response"], tuple(one["cut"])) for one in found["turns"])
        name = found["id"]
    except (UserError, KeyError, TypeError, AttributeError):
        return None
    whole = isinstance(name, str) and all(isinstance(one.response, str) for one in turns)
    return (name, turns) if whole else None


def _state(found: dict[str, dict[str, list[str]]]) -> dict[str, dict[str, tuple[str, ...]]]:
    return {domain: {slot: tuple(values) for slot, values in slots.items()} for domain, slots in found.items()}
