"""The running dialogue: user's words -> belief state -> database -> dialog acts -> delexicalised response -> words.

A conversation is a value: a reply holds the conversation so far, and the next turn continues from it. So many
conversations can run side by side, and any can be resumed.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from space_jax.agent.conversation import Conversation, Reply, Truth, asked_again
from space_jax.agent.turn import Decided, Response, Streamed, Turn, piece_of
from space_jax.agent.warming import warm_up
from space_jax.agent.writer import Writer
from space_jax.decoding.sampling import GREEDY, Sampling
from space_jax.dialogue.record import USER, BeliefState
from space_jax.errors import UserError
from space_jax.tasks.dialogue.act_text import PlannedAct, parse_acts, write_acts
from space_jax.tasks.dialogue.belief_text import parse_belief, write_belief
from space_jax.tasks.dialogue.records import ContextTurn
from space_jax.tasks.dialogue.sequence import ACTS, RESPONSE, STATE
from space_jax.tasks.dialogue.task import DialogueTask
from space_jax.tasks.predictor import Predictor
from space_jax.world.corpus_worlds import Worlds
from space_jax.world.lookup import look_up
from space_jax.world.misfits import misfits


class Agent:
    """A trained model in conversation.

    Args:
      writer: the model.
      worlds: the worlds of its own conversations; without tables if None.

    Attributes:
      slots: domain -> the slots that it speaks of.
      misfits: where these and the user's own tables do not meet, a sentence each.
    """

    def __init__(self, writer: Writer, worlds: Worlds | None = None) -> None:
        self._writer, self._sequences = writer, writer.sequences
        self._worlds = Worlds("", "") if worlds is None else worlds
        self._has = writer.task.labels
        self.slots: Mapping[str, Collection[str]] = {}
        self.misfits: tuple[str, ...] = ()

    @classmethod
    def load(
        cls,
        workdir: Path | str,
        step: str = "best",
        sampling: Sampling = GREEDY,
        seed: int = 0,
        beam: int = 1,
        database: str = "",
    ) -> "Agent":
        """The agent of a fine-tuning run.

        Args:
          workdir: of the run.
          step: a step, "best" or "latest".
          sampling: how words are chosen; greedily unless said otherwise.
          seed: of the sampling.
          beam: hypotheses of a beam search; 1 for none.
          database: tables to search, a file or a folder; those of the run's corpus if "".

        Raises:
          UserError: no such run or checkpoint, one of another task, a beam that `Writer` refuses.
        """
        trained = Predictor(workdir, step)
        if not isinstance(trained.task, DialogueTask):
            raise UserError(f"{workdir}: was trained for the task {trained.task.name}, but an agent needs dialogue")
        trained.require_steps(step)
        data, own = trained.config.data, trained.task.config.database
        worlds = Worlds(data.corpus, data.source, own)
        told = worlds.columns() if database else {}
        if database:
            worlds = Worlds(data.corpus, data.source, database, told)
        agent = cls(Writer(trained.task, trained.params, sampling, seed, beam), worlds)
        agent.slots = trained.task.labels.get("slots", told)  # runs of earlier versions did not write them down
        if (database or own) and agent.slots:
            agent.misfits = tuple(misfits(agent.slots, worlds.to_talk_about()))
        return agent

    def fingerprint(self) -> str:
        """A name of its weights."""
        return self._writer.fingerprint()

    @property
    def offered_names(self) -> bool:
        """Whether it was trained on states that say "offered" for names that only the system has given."""
        return self._writer.task.config.offered_names

    @property
    def written(self) -> int:
        """Tokens that the model has written so far."""
        return self._writer.written

    def count_tokens(self, text: str) -> int:
        """How many tokens the words have."""
        return len(self._writer.task.tokenizer.encode(text))

    def warm_up(self, together: int = 1) -> Iterator[tuple[int, int]]:
        """Compiles what `stream` needs, so that no answer waits for the compiler.

        Args:
          together: also for `streams` of so many conversations.

        Yields:
          After each program, how many there are so far and how many in all.
        """
        limits = {part: self._sequences.limits[part] for part in (STATE, ACTS) if self._has[part]}
        written = {**limits, RESPONSE: piece_of(self._writer, RESPONSE)}
        sizes = sorted({1, together})
        for number, rows in enumerate(sizes):
            for done, total in warm_up(self._writer, written, rows):
                yield number * total + done, len(sizes) * total

    def conversation(self) -> Conversation:
        """A new conversation.

        Raises:
          UserError: tables of the run that cannot be read.
        """
        return Conversation(self._worlds.to_talk_about())

    def reply(self, text: str, conversation: Conversation | None = None) -> Reply:
        """Answers a user's turn; the next turn continues from `Reply.conversation`.

        Args:
          text: the user's words.
          conversation: so far; a new one if None.

        Raises:
          UserError: see `conversation`.
        """
        return self.replies([self.conversation() if conversation is None else conversation], [text])[0]

    def replies(
        self, conversations: Sequence[Conversation], texts: Sequence[str], truths: Sequence[Truth] | None = None
    ) -> list[Reply]:
        """Answers one user's turn in each conversation, side by side.

        Args:
          conversations: so far.
          texts: each user's words; an empty turn is answered with a request to repeat it.
          truths: what is given, if anything.
        """
        given = list(truths) if truths is not None else [Truth()] * len(texts)
        replies = [asked_again(one) for one in conversations]
        heard = [number for number, text in enumerate(texts) if text.strip()]
        if heard:
            answers = self._answer(
                [conversations[n] for n in heard], [texts[n] for n in heard], [given[n] for n in heard]
            )
            for number, reply in zip(heard, answers, strict=True):
                replies[number] = reply
        return replies

    def stream(self, conversation: Conversation, text: str) -> Streamed:
        """Answers one user's turn sentence by sentence, so that none has to be taken back.

        An empty turn is answered with a request to repeat it.
        """
        return self.streams([conversation], [text])[0]

    def streams(self, conversations: Sequence[Conversation], texts: Sequence[str]) -> list[Streamed]:
        """Answers one user's turn in each conversation as `stream` does, side by side.

        Whoever takes the next piece of one answer moves all of them on; in one thread at a time.
        """
        streamed = [_asked_again(one) for one in conversations]
        heard = [number for number, text in enumerate(texts) if text.strip()]
        if heard:
            decided = self._decide([conversations[n] for n in heard], [texts[n] for n in heard], [Truth()] * len(heard))
            response = Response(decided)
            for row, number in enumerate(heard):
                streamed[number] = response.streamed(row)
        return streamed

    def _answer(
        self, conversations: Sequence[Conversation], texts: Sequence[str], truths: Sequence[Truth]
    ) -> list[Reply]:
        decided = self._decide(conversations, texts, truths)
        responses = decided.turn.write(RESPONSE, [truth.response for truth in truths])
        return [decided.answer(n, response) for n, response in enumerate(responses)]

    def _decide(self, conversations: Sequence[Conversation], texts: Sequence[str], truths: Sequence[Truth]) -> Decided:
        """Everything before the response."""
        asked = [(*one.said, ContextTurn(USER, text)) for one, text in zip(conversations, texts, strict=True)]
        turn = Turn(self._writer, asked)
        # A model that was trained without belief states writes none, but true ones still ask the database for words.
        states: list[BeliefState] = [truth.state or {} for truth in truths]
        if self._has["state"]:
            kept = self._sequences.kept
            known = [None if truth.state is None else write_belief(kept(truth.state)) for truth in truths]
            written = turn.write(STATE, known)
            states = [
                parse_belief(text) if one.state is None else one.state
                for one, text in zip(truths, written, strict=True)
            ]
        found = [look_up(one.backend, state, one.offers) for one, state in zip(conversations, states, strict=True)]
        if self._has["state"]:
            turn.give([self._sequences.database(one.tokens) for one in found])
        acts: list[tuple[PlannedAct, ...]] = [()] * len(asked)
        if self._has["acts"]:
            known = [None if truth.acts is None else write_acts(truth.acts) for truth in truths]
            acts = [parse_acts(text) for text in turn.write(ACTS, known)]
        return Decided(turn, conversations, asked, states, found, acts, self._has)


def _asked_again(conversation: Conversation) -> Streamed:
    reply = asked_again(conversation)
    return Streamed(reply.state, reply.found, (), iter([reply.text]), lambda: reply)
