"""Conversations with an agent, many at a time: those that begin together go on side by side, batches take turns."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Executor
from typing import Any, TypeVar

from space_jax.chat.answer import Answer, Talk, as_typed
from space_jax.dialogue.record import SYSTEM
from space_jax.serving.batching import Batcher
from space_jax.serving.conversations import Conversations, Words, gone_through, opened
from space_jax.serving.engines import AgentEngine
from space_jax.serving.refusal import RefusedError

T = TypeVar("T")


class Chats:
    """The conversations of a server.

    Args:
      engine: the agent.
      executor: of one thread, which owns the model.
      limit: answers that may be in progress.
      told: called with the number and the seconds of answers that were begun together.
    """

    def __init__(self, engine: AgentEngine, executor: Executor, limit: int, told: Callable[[int, float], None]) -> None:
        self._engine, self._executor, self._limit = engine, executor, limit
        self._conversations = Conversations(engine.fresh)
        self.batcher: Batcher[tuple[Talk, str], Answer] = Batcher(
            self._begin_all, executor, engine.together, limit, told
        )
        self._active = 0

    def admit(self) -> None:
        """Takes a place for an answer, which `leave` gives back.

        Raises:
          RefusedError: 429, all are taken.
        """
        if self._active >= self._limit:
            raise RefusedError(429, f"{self._active} answers are in progress already, of at most {self._limit}", 1)
        self._active += 1

    def leave(self) -> None:
        """See `admit`."""
        self._active -= 1

    async def begin(self, turns: Sequence[Words]) -> Answer:
        """Begins the answer to the last of the turns; what was said before is gone through where it is not known."""
        talk, known = self._conversations.known(turns[:-1])
        for number in range(known, len(turns) - 1):
            if turns[number].role != SYSTEM:
                continue
            given = turns[number].text
            if number == 0:
                talk = await self._run(opened, self._engine.fresh, given)
            else:
                answer = await self._begin(talk, turns[number - 1].text)
                async for _ in self.pieces(answer):
                    pass
                talk = await self._run(gone_through, answer, given)
            self._conversations.remember(turns[: number + 1], talk)
        return await self._begin(talk, turns[-1].text)

    async def pieces(self, answer: Answer) -> AsyncIterator[str]:
        """The words of an answer, piece after piece."""
        while piece := await self._run(_next, answer):
            yield piece

    async def finish(self, turns: Sequence[Words], answer: Answer) -> tuple[dict[str, Any], dict[str, int]]:
        """The line of a transcript, once all pieces are taken, and how many tokens were read and written."""
        line, after = await self._run(answer.finish)
        self._conversations.remember((*turns, Words(SYSTEM, line["system"])), after)
        return line, await self._run(self._usage, turns, line["system"])

    async def _begin(self, talk: Talk, text: str) -> Answer:
        (answer,) = await self.batcher.ask([(talk, as_typed(text))])
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _begin_all(self, asked: Sequence[tuple[Talk, str]]) -> list[Answer]:
        """The answers, begun side by side: so many, or one, that their programs are compiled."""
        agent = self._engine.agent
        heard = [one for one in asked if one[1].strip()]
        rows = [*heard, *heard[:1] * (self._engine.together - len(heard))] if len(heard) > 1 else heard
        begun = iter(agent.streams([talk.conversation for talk, _ in rows], [text for _, text in rows]))
        return [Answer(agent, talk, text, next(begun) if text.strip() else None) for talk, text in asked]

    def _usage(self, turns: Sequence[Words], words: str) -> dict[str, int]:
        read = sum(self._engine.agent.count_tokens(one.text) for one in turns)
        written = self._engine.agent.count_tokens(words)
        return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}

    async def _run(self, function: Callable[..., T], *arguments: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, function, *arguments)


def _next(answer: Answer) -> str:
    """The next words of an answer, "" at its end."""
    return next(filter(None, answer.pieces), "")
