"""A system turn in progress: part after part on one memory."""

import dataclasses
import functools
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence

from space_jax.agent.conversation import SAY_AGAIN, Conversation, Reply, offers_after, with_names
from space_jax.agent.lexicalise import Spoken, settled, speak
from space_jax.agent.writer import Writer
from space_jax.dialogue.record import SYSTEM, BeliefState
from space_jax.tasks.dialogue.act_text import PlannedAct
from space_jax.tasks.dialogue.records import ContextTurn
from space_jax.tasks.dialogue.sequence import RESPONSE
from space_jax.world.lookup import Lookup
from space_jax.world.placeholders import without_unfinished

_STREAMED = 4  # tokens that are written between two looks at a streamed answer

CUT = "..."
"""The end of a response that reached its limit."""


class Turn:
    """A system turn in progress in all rows.

    Args:
      writer: the model.
      asked: the turns of each conversation, the user's last.

    Attributes:
      cut: of each row the parts that reached their limit before the model had ended them.
    """

    def __init__(self, writer: Writer, asked: Sequence[Sequence[ContextTurn]]) -> None:
        self._writer, self._sequences = writer, writer.sequences
        self._memory = writer.read([writer.sequences.context(said) for said in asked])
        self._given: list[list[int]] = [[] for _ in asked]
        self._begin = [0] * len(asked)
        self.cut: list[list[str]] = [[] for _ in asked]

    def give(self, tokens: Sequence[Sequence[int]]) -> None:
        """Tokens that come before the next part."""
        for row, more in zip(self._given, tokens, strict=True):
            row += more

    def write(self, part: str, known: Sequence[str | None]) -> list[str]:
        """The text of a part in each row: the given text, or the model's."""
        given = []
        for row, text in zip(self._given, known, strict=True):
            opening = [self._sequences.opening[part]]
            given.append(row + (opening if text is None else self._sequences.wrapped(part, text)[:-1]))
        free = [text is None for text in known]
        tokens, self._memory = self._writer.write(self._memory, part, given, self._begin, free)
        for cut, written in zip(self.cut, tokens, strict=True):
            cut += [part] if len(written) == self._sequences.limits[part] else []
        # The closing mark is not yet in the memory: it is the first of the tokens given next.
        self._given = [[self._sequences.closing[part]] for _ in known]
        self._begin = [
            1 + len(written) if text is None else len(self._sequences.wrapped(part, text)) - 1
            for written, text in zip(tokens, known, strict=True)
        ]
        return [
            self._writer.text(written) if text is None else text for written, text in zip(tokens, known, strict=True)
        ]

    def stream(self, part: str) -> Iterator[list[str]]:
        """Yields the text so far of a part in each row, until it has ended in all."""
        opening, limit = self._sequences.opening[part], self._sequences.limits[part]
        piece = piece_of(self._writer, part)
        given, begin = [[*before, opening] for before in self._given], list(self._begin)
        written: list[list[int]] = [[] for _ in given]
        goes_on = [True] * len(given)
        while any(goes_on):
            more, self._memory = self._writer.write(self._memory, part, given, begin, goes_on, piece)
            for row in [row for row, on in enumerate(goes_on) if on]:
                written[row] += more[row][: limit - len(written[row])]
                goes_on[row] = len(more[row]) == piece and len(written[row]) < limit
                self.cut[row] += [part] if len(written[row]) == limit else []
            yield [self._writer.text(tokens) for tokens in written]
            # A row that has ended is given its last token again, since each must be given one; nobody reads it.
            given = [tokens[-1:] or [opening] for tokens in written]
            begin = [len(tokens) for tokens in written]


def piece_of(writer: Writer, part: str) -> int:
    """Tokens between two pieces of a streamed part; a beam search settles no word before the last."""
    return _STREAMED if writer.beam == 1 else writer.sequences.limits[part]


@dataclasses.dataclass(frozen=True, slots=True)
class Decided:
    """System turns up to the response, of several conversations."""

    turn: Turn
    conversations: Sequence[Conversation]
    asked: Sequence[tuple[ContextTurn, ...]]
    states: Sequence[BeliefState]
    found: Sequence[Lookup]
    acts: Sequence[tuple[PlannedAct, ...]]
    has: Mapping[str, bool]

    def spoken(self, n: int, response: str) -> Spoken:
        """A response of the n-th conversation in words."""
        one = self.conversations[n]
        return speak(response, self.acts[n], self.states[n], self.found[n], one.offers, one.backend)

    def answer(self, n: int, response: str) -> Reply:
        """The n-th reply with this response; one that was cut ends in `CUT` and without half a placeholder."""
        one, cut = self.conversations[n], tuple(self.turn.cut[n])
        response = (without_unfinished(response) if RESPONSE in cut else response).strip() or SAY_AGAIN
        spoken, state, found = self.spoken(n, response), self.states[n], self.found[n]
        text = f"{spoken.text} {CUT}" if RESPONSE in cut and spoken.missing is None else spoken.text
        said = ContextTurn(
            SYSTEM, response, state if self.has["state"] else None, self.acts[n] if self.has["acts"] else None
        )
        after = Conversation(one.backend, (*self.asked[n], said), offers_after(one, found, spoken))
        return Reply(text, response, with_names(state, found, one), found, spoken.acts, after, cut)


@dataclasses.dataclass(frozen=True, slots=True)
class Streamed:
    """An answer in progress.

    Attributes:
      state: the belief state, with names in place of `offered`.
      found: the result from the database.
      acts: chosen by the model.
      pieces: of the answer's words, to be taken one after the other.
      finish: gives the reply, once all pieces are taken.
      cut: see `Reply`; of what precedes the words.
    """

    state: BeliefState
    found: Lookup
    acts: tuple[PlannedAct, ...]
    pieces: Iterator[str]
    finish: Callable[[], Reply]
    cut: tuple[str, ...] = ()


class Response:
    """The responses of system turns, written piece after piece in all of them at a time.

    Args:
      decided: the turns up to their responses.
    """

    def __init__(self, decided: Decided) -> None:
        self._decided, self._writing = decided, decided.turn.stream(RESPONSE)
        self._written: list[list[str]] = []  # after each piece, the text of each turn so far
        self._failure: Exception | None = None

    def streamed(self, n: int) -> Streamed:
        """The n-th answer."""
        decided = self._decided
        state = with_names(decided.states[n], decided.found[n], decided.conversations[n])
        finish = functools.partial(self._finish, n)
        return Streamed(state, decided.found[n], decided.acts[n], self._pieces(n), finish, tuple(decided.turn.cut[n]))

    def _pieces(self, n: int) -> Iterator[str]:
        told = ""
        for written in self._texts(n):
            spoken = self._decided.spoken(n, settled(written)).text
            if spoken.startswith(told) and spoken != told:
                yield spoken[len(told) :]
                told = spoken
        rest = self._finish(n).text
        if rest != told:
            yield rest[len(told) :] if rest.startswith(told) else f"\n{rest}"

    def _texts(self, n: int) -> Iterator[str]:
        """What is written of a turn, whenever it is more."""
        for number in itertools.count():
            if number == len(self._written) and not self._writes_on():
                return
            if not number or self._written[number][n] != self._written[number - 1][n]:
                yield self._written[number][n]

    def _writes_on(self) -> bool:
        """Writes the next piece, if there is one; what fails fails for all answers, none of which is then whole."""
        if self._failure is not None:
            raise self._failure
        try:
            more = next(self._writing, None)
        except Exception as error:
            self._failure = error
            raise
        self._written += [] if more is None else [more]
        return more is not None

    def _finish(self, n: int) -> Reply:
        return self._decided.answer(n, self._written[-1][n] if self._written else "")
