"""Chat JSONL: an object with `messages` a line (or a JSON list of them), each message with `role` and `content`.

A content is a text, or a list of parts of which those of text count. Instructions (`system`, `developer`), tools and
their results, and messages without text, which call tools, are left out. Messages of one role in a row are one turn.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from space_jax.corpora.importing.imported import Imported, Options, SourceFile
from space_jax.corpora.importing.speakers import roles_of
from space_jax.dialogue.record import Turn
from space_jax.errors import UserError
from space_jax.printable import shown
from space_jax.reading.json_text import parse_json

MESSAGES = "messages"
_NOT_SAID = ("system", "developer", "tool", "function", "ipython")
_TEXTS = ("text", "input_text", "output_text")
_IDS = ("id", "conversation_id", "dialogue_id")


def read(files: Sequence[SourceFile], options: Options, into: Imported) -> None:
    """Reads chats.

    Raises:
      UserError: an encoding that cannot be guessed, or roles that tell nothing.
    """
    talks = {}
    for file in files:
        for number, (where, record) in enumerate(_records(file, options, into), start=1):
            name = next((record[key] for key in _IDS if isinstance(record.get(key), str) and record[key].strip()), "")
            said = list(_said(record, where, options, into))
            for key in record:
                if key != MESSAGES and key not in _IDS:
                    into.left_out.add(f"fields {shown(key)}", where)
            if said:
                talks[where] = (name or f"{file.name}-{number}", said)
            else:
                into.left_out.add("chats in which nobody says anything", where)
    roles = roles_of([[role for role, _ in said] for _, said in talks.values()], options)
    into.say(roles.said)
    for where, (name, said) in talks.items():
        turns = _turns([(roles.of[role], text) for role, text in said if role in roles.of])
        if turns:
            into.add(name, turns)
        else:
            into.left_out.add("chats in which none of them speaks", where)


def records_of(text: str, where: str) -> Iterator[tuple[str, Any]]:
    """The values of JSON lines, or of one JSON list, each with its place; of a line that is no JSON, the error."""
    if text.lstrip().startswith("["):
        values = parse_json(text, where)
        yield from ((f"{where}: entry {number}", value) for number, value in enumerate(values, start=1))
        return
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                yield f"{where}:{number}", parse_json(line, f"{where}:{number}")
            except UserError as error:
                yield f"{where}:{number}", error


def _records(file: SourceFile, options: Options, into: Imported) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for where, value in records_of(into.text_of(file, options), str(file.path)):
        if isinstance(value, UserError):
            into.left_out.add("lines that cannot be read", str(value))
        elif isinstance(value, dict) and isinstance(value.get(MESSAGES), list):
            yield where, value
        else:
            into.left_out.add(f"entries without a list of {MESSAGES}", where)


def _said(record: Mapping[str, Any], where: str, options: Options, into: Imported) -> Iterator[tuple[str, str]]:
    """(role, text) of the messages that a user or the system says."""
    named = {name.casefold() for name in (*options.user, *options.system)}
    for number, message in enumerate(record[MESSAGES]):
        at = f"{where}: message {number}"
        match message:
            case {"role": str(role)} if role.casefold() in _NOT_SAID and role.casefold() not in named:
                into.left_out.add(f"messages of the role {shown(role)}", at)
            case {"role": str(role)}:
                text = _text(message.get("content"), at, into)
                if text:
                    yield role, text
                else:
                    into.left_out.add(f"messages of the role {shown(role)} without text", at)
            case _:
                into.left_out.add("messages without a role", at)


def _text(content: Any, where: str, into: Imported) -> str:
    if isinstance(content, str):
        return content.strip()
    texts = []
    for part in content if isinstance(content, list) else ():
        match part:
            case str(text):
                texts.append(text)
            case {"text": str(text)} if part.get("type", "text") in _TEXTS:
                texts.append(text)
            case _:
                into.left_out.add("parts that are no text", where)
    return " ".join(text.strip() for text in texts if text.strip())


def _turns(said: list[tuple[str, str]]) -> list[Turn]:
    turns: list[Turn] = []
    for role, text in said:
        if turns and turns[-1].role == role:
            turns[-1] = Turn(role, f"{turns[-1].text} {text}")
        else:
            turns.append(Turn(role, text))
    return turns
