"""`/v1/chat/completions` in OpenAI's form, whole or as a stream; what was understood is in the field `space_jax`."""

import json
import logging
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from typing import Any

from space_jax.chat.answer import Answer
from space_jax.serving.bodies import Completion
from space_jax.serving.chats import Chats
from space_jax.serving.conversations import Words
from space_jax.serving.refusal import BROKEN, RefusedError

_KEPT = ("understood", "state", "matches", "database", "acts", "cut", "delexicalised")
END = "data: [DONE]\n\n"


class Reply:
    """The answer to one request.

    Args:
      chats: of the server.
      model: its name.
      turns: of the conversation, the user's last.
      answer: that was begun.
    """

    def __init__(self, chats: Chats, model: str, turns: Sequence[Words], answer: Answer) -> None:
        self._chats, self._turns, self._answer = chats, turns, answer
        self._head = {"id": f"chatcmpl-{uuid.uuid4().hex}", "created": int(time.time()), "model": model}

    async def whole(self) -> dict[str, Any]:
        """The body of a response."""
        async for _ in self._chats.pieces(self._answer):
            pass
        line, usage = await self._chats.finish(self._turns, self._answer)
        message = {"role": "assistant", "content": line["system"], "refusal": None}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": _reason(line)}
        body = {**self._head, "object": "chat.completion", "choices": [choice], "usage": usage}
        return {**body, "space_jax": understood(line)}

    async def stream(self, given: Completion) -> AsyncIterator[str]:
        """The events of a stream: first what was understood, then the words, in the end all that is known."""
        try:
            yield self._event({"role": "assistant", "content": ""}, space_jax=self._understood_so_far())
            async for piece in self._chats.pieces(self._answer):
                yield self._event({"content": piece})
            line, usage = await self._chats.finish(self._turns, self._answer)
            yield self._event({}, _reason(line), space_jax=understood(line))
            if given.stream_options and given.stream_options.include_usage:
                yield _data({**self._head, "object": "chat.completion.chunk", "choices": [], "usage": usage})
        except Exception:  # the status has gone out, so the stream itself must say it
            logging.getLogger("uvicorn.error").exception("a streamed answer failed")
            yield _data(RefusedError(500, BROKEN).as_json())
        yield END

    def _event(self, delta: dict[str, Any], reason: str | None = None, **more: Any) -> str:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        return _data({**self._head, "object": "chat.completion.chunk", "choices": [choice], **more})

    def _understood_so_far(self) -> dict[str, Any]:
        answer = self._answer
        state = {domain: {slot: one[0] for slot, one in slots.items()} for domain, slots in answer.state.items()}
        found = {"matches": answer.found.count, "database": list(answer.found.tokens)}
        return {"understood": answer.frame.as_json(), "state": state, **found}


def understood(line: dict[str, Any]) -> dict[str, Any]:
    """What a transcript's line has besides the words."""
    return {name: line[name] for name in _KEPT}


def _reason(line: dict[str, Any]) -> str:
    return "length" if "response" in line["cut"] else "stop"


def _data(value: dict[str, Any]) -> str:
    return f"data: {json.dumps(value, ensure_ascii=False)}\n\n"
