"""`space-jax data import`: tables, transcripts and other tools' data -> the project's formats."""

import argparse
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from space_jax.corpora.show import show
from space_jax.errors import UserError
from space_jax.terminal import say
from space_jax.writing import new_files

if TYPE_CHECKING:
    from space_jax.corpora.importing import Imported
    from space_jax.dialogue.record import Dialogue

DIALOGUES, SENTENCES = "dialogues.jsonl", "sentences"
_EXAMPLE = "example: space-jax data import logs/ --out data/shop --user Customer --show 2"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the action."""
    parser.epilog = _EXAMPLE
    parser.description = (
        "Reads CSV and TSV, transcripts, Rasa's YAML, ConvLab-3's unified format or chat JSONL; shows what it "
        "understood; writes dialogues.jsonl, and sentences.csv or .jsonl (labelled sentences)."
    )
    parser.add_argument("source", type=Path, metavar="SOURCE", help="a file, or a folder of files of one format")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="where the files are to be; they must be new")
    parser.add_argument("--format", default="", metavar="FORMAT", help="table, transcript, rasa, convlab or chat")
    parser.add_argument(
        "--column",
        action="append",
        default=[],
        metavar="ROLE=NAME",
        help="tables: which column is the text, label, dialogue, speaker, turn, id or domain (guessed); by its number "
        "from 1 in a file without a header",
    )
    parser.add_argument("--user", default="", metavar="NAME,NAME", help="speakers who are the user (guessed)")
    parser.add_argument("--system", default="", metavar="NAME,NAME", help="speakers who are the system (guessed)")
    parser.add_argument("--encoding", default="", metavar="NAME", help="of the files, such as cp1251 (guessed)")
    parser.add_argument(
        "--as-dialogues", action="store_true", help="write sentences as dialogues of one turn, for pre-training"
    )
    parser.add_argument("--show", type=int, default=3, metavar="N", help="how many dialogues to show (%(default)s)")
    parser.add_argument("--dry-run", action="store_true", help="show only, write nothing")
    parser.set_defaults(run=_import, takes_config=False)


def _import(given: argparse.Namespace, _: list[str]) -> None:
    from space_jax.corpora.importing import Options, read_source

    if given.out is None and not given.dry_run:
        raise UserError("--out: expected a folder to write to, or --dry-run")
    if given.show < 0:
        raise UserError(f"--show: {given.show} is not at least 0")
    options = Options(columns(given.column), _names(given.user), _names(given.system), given.encoding)
    found = read_source(given.source, options, given.format)
    files = _files(found, given.as_dialogues)
    if given.dry_run:
        _report(found, given.show)
        print("nothing is written (--dry-run)")
        return
    with new_files(given.out, files) as folder:
        _report(found, given.show)
        for name, content in files.items():
            _write(folder / name, content)
    for name, content in files.items():
        sentences = isinstance(content, str)
        what = f"{len(found.sentences):,} sentences" if sentences else f"{len(content):,} dialogues"
        say(f"{given.out / name}: {what}")
    alone = [name for name in files if name.startswith((DIALOGUES, SENTENCES))]
    if alone:
        say(f"next: {shlex.join(['space-jax', 'data', 'split', str(given.out / alone[0])])}")


def columns(given: list[str]) -> dict[str, str]:
    """The columns that `--column ROLE=NAME` names, by role.

    Raises:
      UserError: another form, or no such role.
    """
    from space_jax.corpora.importing.columns import ROLES

    named = {}
    for text in given:
        role, equals, name = text.partition("=")
        if not equals or role not in ROLES or not name:
            raise UserError(f"--column {text}: expected ROLE=NAME with a role of {', '.join(ROLES)}")
        named[role] = name
    return named


def _names(given: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in given.split(",") if name.strip())


def _files(found: "Imported", as_dialogues: bool) -> "dict[str, str | list]":
    """Name -> what it holds: the text of a file of sentences, or dialogues."""
    from space_jax.corpora.importing.sentences import sentence_file

    files: dict[str, str | list] = {}
    for split, dialogues in found.dialogues.items():
        if split and not split.replace("-", "").replace("_", "").isalnum():
            raise UserError(f"split {split}: expected a name of letters and digits, from which a file can be named")
        files[f"{split}.jsonl" if split else DIALOGUES] = dialogues
    if as_dialogues and found.sentences:
        files[DIALOGUES] = [*found.sentences, *found.dialogues.get("", ())]
    elif found.sentences:
        suffix, text = sentence_file(found.sentences)
        files[f"{SENTENCES}{suffix}"] = text
    return files


def _write(path: Path, content: "str | list") -> None:
    from space_jax.dialogue.jsonl import write_jsonl

    if isinstance(content, str):
        path.write_text(content, encoding="utf-8")
    else:
        write_jsonl(path, content)


def _sentence(sentence: "Dialogue") -> str:
    """Its label, its words, and the values in it."""
    (turn,) = sentence.turns
    slots = [slot for frame in turn.frames or () for slot in frame.slots]
    values = ", ".join(f"{slot.name}={' | '.join(value.text for value in slot.values)}" for slot in slots)
    label = turn.frames[0].intent if turn.frames else "(no label)"
    return f"  {label:<20} {turn.text}{f'  [{values}]' if values else ''}"


def _report(found: "Imported", shown: int) -> None:
    for line in found.said:
        say(line)
    dialogues = found.all_dialogues
    if dialogues:
        say(f"{len(dialogues):,} dialogues with {sum(len(dialogue.turns) for dialogue in dialogues):,} turns")
    if found.sentences:
        labels = {frame.intent for one in found.sentences for frame in one.turns[0].frames or ()}
        bare = sum(one.turns[0].frames is None for one in found.sentences)
        say(f"{len(found.sentences):,} sentences, {len(labels):,} labels{f', {bare:,} without one' if bare else ''}")
    for dialogue in dialogues[:shown]:
        show(dialogue)
    for sentence in found.sentences[:shown]:
        say(_sentence(sentence))
    for line in found.left_out.lines():
        say(f"left out: {line}")
