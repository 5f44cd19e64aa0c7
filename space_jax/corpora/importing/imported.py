"""What an import gives, what it guessed, and what it left out."""

import dataclasses
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from space_jax.dialogue.record import Dialogue, Turn
from space_jax.printable import shown
from space_jax.reading.encodings import WINDOWS, guessed_text

_PLACES = 3  # that a line about what was left out names


@dataclasses.dataclass(frozen=True, slots=True)
class SourceFile:
    """One file of a source.

    Attributes:
      path: of the file; for an archive that of the archive.
      name: relative to the source, without suffix, with "/" between folders; it begins the ids of dialogues.
      content: the bytes.
    """

    path: Path
    name: str
    content: bytes


@dataclasses.dataclass(frozen=True, slots=True)
class Options:
    """What the user names instead of leaving it to be guessed.

    Attributes:
      columns: role of a column (`columns.ROLES`) -> its name, or its number in a file without a header.
      user: speakers who are users.
      system: speakers who are the system.
      encoding: of the files.
    """

    columns: dict[str, str] = dataclasses.field(default_factory=dict)
    user: tuple[str, ...] = ()
    system: tuple[str, ...] = ()
    encoding: str = ""


class LeftOut:
    """Counts what is left out, by what it is, with the first places."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._places: dict[str, list[str]] = {}

    def add(self, what: str, where: str = "", count: int = 1) -> None:
        """Counts; `what` is a plural ("lines before the first speaker"), `where` a file and a line."""
        self.counts[what] += count
        places = self._places.setdefault(what, [])
        if where and len(places) < _PLACES and where not in places:
            places.append(where)

    def lines(self) -> list[str]:
        """One line for each kind, in the order in which they were met."""
        return [f"{what}: {count:,}{self._where(what, count)}" for what, count in self.counts.items()]

    def _where(self, what: str, count: int) -> str:
        places = self._places[what]
        if not places:
            return ""
        return f" ({', '.join(places)}{', ...' if count > len(places) else ''})"


@dataclasses.dataclass
class Imported:
    """What a source holds.

    Attributes:
      format: of the source, one of `source.FORMATS`.
      said: what was guessed, one line each.
      left_out: what is not in the result.
      sentences: single utterances, as dialogues of one user turn, labelled with a frame or not.
      dialogues: conversations, by the split that the source names; "" where it names none.
      encodings: encoding -> the files in it.
    """

    format: str = ""
    said: list[str] = dataclasses.field(default_factory=list)
    left_out: LeftOut = dataclasses.field(default_factory=LeftOut)
    sentences: list[Dialogue] = dataclasses.field(default_factory=list)
    dialogues: dict[str, list[Dialogue]] = dataclasses.field(default_factory=dict)
    encodings: dict[str, list[Path]] = dataclasses.field(default_factory=dict)

    def say(self, line: str) -> None:
        """Adds a line about what was guessed, once."""
        if line not in self.said:
            self.said.append(line)

    def text_of(self, file: SourceFile, options: Options) -> str:
        """The text of a file, whose encoding is noted.

        Raises:
          UserError: an encoding that cannot be guessed, or bytes that are no text in the one that is named.
        """
        text, encoding = guessed_text(file.content, str(file.path), options.encoding)
        self.encodings.setdefault(encoding, []).append(file.path)
        return text

    def encoding_line(self) -> str:
        """Which encodings the files have, and which file is the first in each that is not that of most."""
        (most, _), *others = sorted(self.encodings.items(), key=lambda item: -len(item[1]))
        named = [f"{name} ({files[0]}{' and others' if len(files) > 1 else ''})" for name, files in others]
        guessed = "; --encoding names another, as not all bytes are UTF-8" if WINDOWS in self.encodings else ""
        return f"encoding: {', '.join([most, *named])}{guessed}"

    def add(self, name: str, turns: Sequence[Turn], split: str = "") -> None:
        """Adds a conversation."""
        self.dialogues.setdefault(split, []).append(Dialogue(name, tuple(turns)))

    @property
    def all_dialogues(self) -> list[Dialogue]:
        """The conversations of all splits."""
        return [dialogue for part in self.dialogues.values() for dialogue in part]

    def with_unique_ids(self) -> "Imported":
        """The same, ids that come again with a number behind them."""
        known: set[str] = set()
        again: list[str] = []

        def unique(dialogue: Dialogue) -> Dialogue:
            name, number = dialogue.id, 1
            while name in known:
                number += 1
                name = f"{dialogue.id}#{number}"
            known.add(name)
            if number > 1:
                again.append(dialogue.id)
            return dataclasses.replace(dialogue, id=name)

        sentences = list(map(unique, self.sentences))
        dialogues = {split: list(map(unique, part)) for split, part in self.dialogues.items()}
        result = dataclasses.replace(self, sentences=sentences, dialogues=dialogues)
        if again:
            result.say(
                f"{len(again):,} ids come again ({shown(again[0])} first); a number behind them tells them apart"
            )
        return result
