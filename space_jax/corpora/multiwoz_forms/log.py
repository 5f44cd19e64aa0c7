"""Dialogues as a `log`, the form of 2.0, 2.1 and 2.4: one entry an utterance, user and system in turns.

An entry has `text`; `metadata`, in the system's the state after the user's turn before it; `dialog_act`; and
`span_info`, a list of [act, slot, value, first token, last token].
"""

import dataclasses
import re
from collections.abc import Iterator, Sequence
from typing import Any

from space_jax.corpora import multiwoz
from space_jax.corpora.multiwoz import Spans
from space_jax.corpora.reading import collapsed, field
from space_jax.dialogue.record import SYSTEM, USER, BeliefState, Dialogue
from space_jax.errors import UserError

Tokens = list[tuple[int, int]]
"""Start and end, exclusive, of each token of a text."""

# Contractions in two, numbers and times in one, other marks by themselves: nearly the tokens of the Penn Treebank, in
# which annotators counted.
_WORD = re.compile(r"\w+(?=n['’]t\b)|n['’]t\b|['’](?:s|m|d|ll|re|ve)\b|\w+(?:[.,:/&-]\w+)*|\S", re.IGNORECASE)
_NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """An utterance of a log.

    Attributes:
      text: with single blanks.
      annotation: its acts; empty if it has none.
      spans: `span_info`.
      metadata: a system's; empty beside a user's.
      where: the file and the turn.
    """

    text: str
    annotation: dict[str, Any]
    spans: list[Any]
    metadata: dict[str, Any]
    where: str

    @property
    def state(self) -> BeliefState | None:
        """The belief state in the metadata, None without any."""
        return multiwoz.belief_state(self.metadata, self.where) if self.metadata else None


def utterances(record: Any, where: str) -> Iterator[tuple[Any, str, dict[str, Any], str]]:
    """The entries of a dialogue's log, each with its text, metadata and place.

    Raises:
      UserError: no entry, or one without text or metadata.
    """
    log = field(record, "log", list, where)
    if not log:
        raise UserError(f"{where}: field log: expected at least one turn, found none")
    for number, entry in enumerate(log):
        place = f"{where}, turn {number}"
        yield entry, collapsed(field(entry, "text", str, place)), field(entry, "metadata", dict, place), place


def dialogue(name: str, entries: Sequence[Entry], spans: Sequence[Spans]) -> Dialogue:
    """The dialogue of a log, with the spans of each entry; the user begins.

    Raises:
      UserError: an annotation or a state of another form, an act that `multiwoz.ACTS_OF` lacks.
    """
    after = [*(entry.state for entry in entries[1:]), None]
    turns = []
    for number, (entry, found, state) in enumerate(zip(entries, spans, after, strict=True)):
        role = SYSTEM if number % 2 else USER
        things = multiwoz.placed(multiwoz.said_of(entry.annotation, entry.where), found)
        labels = multiwoz.act_names(entry.annotation)
        turns.append(multiwoz.turn(role, entry.text, labels, things, state if role == USER else None, entry.where))
    return Dialogue(name, tuple(turns))


def spans_of_tokens(entry: Entry) -> Spans:
    """The spans of an entry whose text has a blank between any two tokens.

    Raises:
      UserError: a span outside its text.
    """
    tokens = _blank_tokens(entry.text)
    for record in entry.spans:
        match record:
            case [str(), str(), str(), int(first), int(last)] if 0 <= first <= last + 1 <= len(tokens):
                pass
            case _:
                raise UserError(
                    f"{entry.where}: field span_info: expected [act, slot, value, first token, last token] within "
                    f"{len(tokens)} tokens, found {record!r}"
                )
    return _within(entry, tokens)


def spans_of_written(entries: Sequence[Entry]) -> list[Spans]:
    """The spans of entries whose texts may be as they were written, while spans count the tokens of a tokeniser.

    Blanks part the tokens of a dialogue unless more spans hold their value with words and marks for tokens. Then only
    those that do count, as in ConvLab-3's pre-processing, because the tokenisers need not agree; other values are
    searched for.
    """
    blanks = [_within(entry, _blank_tokens(entry.text)) for entry in entries]
    words = [_held(entry, _within(entry, _word_tokens(entry.text))) for entry in entries]
    certain = sum(len(_held(entry, spans)) for entry, spans in zip(entries, blanks, strict=True))
    return words if sum(map(len, words)) > certain else blanks


def holds(value: str, written: str) -> bool:
    """Whether a text is a value, whatever its case, blanks and marks, with a digit as a word or a time without its 0.

    >>> holds("7 pm", "7pm"), holds("2", "two"), holds("09:15", "9:15"), holds("centre", "the middle")
    (True, True, True, False)
    """
    wanted, found = (re.sub(r"[\W_]", "", text.casefold()) for text in (value, written))
    number = value.strip()
    in_words = number.isdecimal() and int(number) < len(_NUMBERS) and _NUMBERS[int(number)] == found
    return bool(found) and (wanted == found or in_words or (":" in value and wanted == f"0{found}"))


def _blank_tokens(text: str) -> Tokens:
    return [found.span() for found in re.finditer(r"\S+", text)]


def _word_tokens(text: str) -> Tokens:
    return [found.span() for found in _WORD.finditer(text)]


def _within(entry: Entry, tokens: Tokens) -> Spans:
    """The spans of `span_info` that lie in the text; of several places of one value the first."""
    spans: Spans = {}
    for record in entry.spans:
        match record:
            case [str(act), str(slot), str(value), int(first), int(last)] if 0 <= first <= last < len(tokens):
                spans.setdefault((act, slot, value), (tokens[first][0], tokens[last][1]))
    return spans


def _held(entry: Entry, spans: Spans) -> Spans:
    return {key: (start, end) for key, (start, end) in spans.items() if holds(key[2], entry.text[start:end])}
