"""Transcripts: lines that begin with who speaks, `Customer: hello` or `[10:02] Anna: hello`.

A line that names no speaker goes on with the turn before it, and so does the next line of the same speaker. A blank
line, a line of dashes, a heading (`# Chat 2`) or the end of a file ends a conversation; where most turns are followed
by a blank line, blank lines end nothing. Times are dropped.
"""

import dataclasses
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from space_jax.corpora.importing.imported import Imported, Options, SourceFile
from space_jax.corpora.importing.speakers import role_by_name, roles_of
from space_jax.dialogue.record import Turn
from space_jax.errors import UserError
from space_jax.printable import shown

_DAY = r"(?:\d{4}-\d\d?-\d\d?[T ,]\s*|\d{1,2}[./]\d{1,2}[./]\d{2,4},?\s+)?"
_CLOCK = r"\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d{1,6})?(?:\s?[AaPp]\.?[Mm]\.?)?(?:Z|[+-]\d\d:?\d\d)?"
_TIME = rf"[\[(]\s*{_DAY}{_CLOCK}\s*[\])]|{_DAY}{_CLOCK}"
_LINE = re.compile(
    rf"\s*(?:(?:{_TIME})\s*[-–—|]?\s*)?(?:[-•]\s+)?\*{{0,2}}(?P<name>[^\W\d_][^:\[\]<>\t*]{{0,39}}?)\s*\*{{0,2}}"
    rf"(?:[\[(]\s*{_DAY}{_CLOCK}\s*[\])])?\s*:\*{{0,2}}(?:\s+|$)(?P<text>.*)"
)
_ONLY_TIME = re.compile(rf"\s*(?:{_TIME})\s*")
_HEADING = re.compile(r"\s*#{1,6}\s+\S")
_RULE = re.compile(r"\s*[-=_*#~]{3,}\s*")
_EVENT = re.compile(r"\s*(?:\*{3}|={3}|-{3}).*\w")
_WORDS_OF_A_NAME = 4
_HEADS = (  # last words of what is no speaker: "Customer name: ...", "Date: ..."
    *("date", "time", "topic", "subject", "channel", "duration", "ticket", "case", "chat", "conversation", "session"),
    *("status", "id", "no", "number", "name", "email", "phone", "language", "rating", "note"),
)
_NAMED = 8  # others before colons in a message
_LAYOUT = 0.8  # share of blocks of one turn from which blank lines part turns


@dataclasses.dataclass(frozen=True, slots=True)
class _Line:
    """A line: the speaker's name, "" for none, the words behind it, and the whole; or with None as words an end.

    The end is that of a conversation, or a blank line, where `whole` is "".
    """

    number: int
    name: str
    text: str | None
    whole: str


@dataclasses.dataclass
class _Said:
    """What one speaker says in a row."""

    name: str
    where: str
    lines: list[str]


def spoken_share(text: str) -> float:
    """The share of lines that begin with who speaks, of those that are not blank; 0 of none."""
    lines = [line for line in text.splitlines()[:500] if line.strip()]
    return sum(_speaker(line)[0] != "" for line in lines) / len(lines) if lines else 0.0


def read(files: Sequence[SourceFile], options: Options, into: Imported) -> None:
    """Reads transcripts.

    Raises:
      UserError: an encoding that cannot be guessed, no speaker, or speakers whose roles cannot.
    """
    lines = {file.path: list(_lines(file, options, into)) for file in files}
    names = _speakers(lines.values(), options, into)
    talks: list[tuple[str, list[_Said]]] = []
    for file in files:
        ends = not _blank_lines_part_turns(lines[file.path], names)
        if not ends:
            into.say(f"blank lines part turns, not conversations ({file.path} first)")
        blocks = list(_blocks(lines[file.path], names, ends, str(file.path), into))
        digits = len(str(len(blocks)))
        for number, block in enumerate(blocks, start=1):
            talks.append((f"{file.name}-{number:0{digits}}" if len(blocks) > 1 else file.name, block))
    roles = roles_of([[said.name for said in talk] for _, talk in talks], options)
    into.say(roles.said)
    for name, talk in talks:
        turns = list(_turns(talk, roles.of, into))
        if turns:
            into.add(name, turns)
        else:
            into.left_out.add("conversations in which none of them speaks", talk[0].where)


def _lines(file: SourceFile, options: Options, into: Imported) -> Iterator[_Line]:
    for number, line in enumerate(into.text_of(file, options).split("\n"), start=1):
        line = line.rstrip("\r")
        where = f"{file.path}:{number}"
        if not line.strip() or _RULE.fullmatch(line):
            yield _Line(number, "", None, line.strip())
        elif _HEADING.match(line):
            into.left_out.add("headings", where)
            yield _Line(number, "", None, line.strip())
        elif _ONLY_TIME.fullmatch(line):
            into.left_out.add("lines with nothing but a time", where)
        elif _EVENT.match(line) and not _speaker(line)[0]:
            into.left_out.add("lines about the conversation (*** ...)", where)
        else:
            name, said = _speaker(line)
            yield _Line(number, name, said, line.strip())


def _speaker(line: str) -> tuple[str, str]:
    """Who speaks and what; nobody and the line where it does not begin with a name."""
    found = _LINE.fullmatch(line)
    if found is None or len(found["name"].split()) > _WORDS_OF_A_NAME:
        return "", line.strip()
    return found["name"].strip(), found["text"].strip()


def _speakers(files: Iterable[list[_Line]], options: Options, into: Imported) -> set[str]:
    """Who speaks, of all words before colons: names that are given, tell a role, begin a block or come again in one.

    Others ("Note: ...") are words of whoever speaks; those that only stand before all who speak ("Refers to: ...") are
    lines before the first speaker.
    """
    blocks = [block for lines in files for block in _names_of_blocks(lines)]
    counts = Counter(name for block in blocks for name in block)
    if not counts:
        raise UserError("expected lines that begin with who speaks, such as `Customer: hello`, found none")
    given = {name.casefold() for name in (*options.user, *options.system)}
    heads = {name for name in counts if name.casefold().split()[-1] in _HEADS and name.casefold() not in given}
    told = {name for name in counts if role_by_name(name) or name.casefold() in given} - heads
    likely = {block[0] for block in blocks}
    likely |= {name for block in blocks for name, count in Counter(block).items() if count > 1}
    if len({role_by_name(name) for name in told}) > 1:
        heads |= _only_before(blocks, told)
    found = (told | likely) - heads
    found = found if len(found) > 1 else set(counts) - heads
    others = ", ".join(f"{name} ({counts[name]:,})" for name in sorted(set(counts) - found)[:_NAMED])
    if others:
        into.say(f"not taken as speakers, with their lines: {others}")
    return found


def _names_of_blocks(lines: list[_Line]) -> Iterator[list[str]]:
    """The words before colons of each run of lines without an end."""
    block: list[str] = []
    for line in (*lines, _Line(0, "", None, "")):
        if line.text is None:
            if block:
                yield block
            block = []
        elif line.name:
            block.append(line.name)


def _only_before(blocks: list[list[str]], told: set[str]) -> set[str]:
    """The names that stand only before the first of those whose role is told, in blocks that have one."""
    before: set[str] = set()
    elsewhere: set[str] = set(told)
    for block in blocks:
        first = next((index for index, name in enumerate(block) if name in told), 0)
        before |= set(block[:first])
        elsewhere |= set(block[first:])
    return before - elsewhere


def _blank_lines_part_turns(lines: list[_Line], names: set[str]) -> bool:
    """Whether what stands between blank lines is mostly one turn."""
    blocks = [spoken for block in _names_of_blocks(lines) if (spoken := [name for name in block if name in names])]
    single = [block[0] for block in blocks if len(block) == 1]
    return len(blocks) > 2 and len(single) >= _LAYOUT * len(blocks) and len(set(single)) > 1


def _blocks(
    lines: list[_Line], names: set[str], blank_lines_end: bool, path: str, into: Imported
) -> Iterator[list[_Said]]:
    block: list[_Said] = []
    for line in lines:
        where = f"{path}:{line.number}"
        if line.text is None:
            if line.whole or blank_lines_end:
                if block:
                    yield block
                block = []
        elif line.name in names:
            if block and block[-1].name == line.name:
                block[-1].lines.append(line.text)
            else:
                block.append(_Said(line.name, where, [line.text]))
        elif block:
            block[-1].lines.append(line.whole)
        else:
            into.left_out.add("lines before the first speaker of a conversation", where)
    if block:
        yield block


def _turns(talk: list[_Said], roles: dict[str, str], into: Imported) -> Iterator[Turn]:
    for said in talk:
        text = " ".join(line for line in said.lines if line)
        if said.name not in roles:
            into.left_out.add(f"turns of {shown(said.name)}, who is neither user nor system", said.where)
        elif not text:
            into.left_out.add("turns without words", said.where)
        else:
            yield Turn(roles[said.name], text)
