"""A run behind the paths of the server: what each is answered with."""

import asyncio
import base64
import time
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from fastapi.responses import JSONResponse, Response, StreamingResponse

from space_jax.errors import UserError
from space_jax.printable import shown
from space_jax.serving.batching import Batcher
from space_jax.serving.bodies import Completion, Embeddings, Prediction
from space_jax.serving.chats import Chats
from space_jax.serving.completions import Reply
from space_jax.serving.conversations import turns_of
from space_jax.serving.engines import EMBEDDINGS, PREDICT, SIZE, AgentEngine, Asked, Engine, Vector
from space_jax.serving.measures import Measures
from space_jax.serving.refusal import RefusedError
from space_jax.terminal.progress import Told


class Service:
    """A run behind its paths.

    Args:
      engine: the run's model.
      model: the name that clients give.
      limit: inputs that may wait, or answers of an agent that may be in progress.

    Attributes:
      ready: whether all programs are compiled.
      measures: of the server.
    """

    def __init__(self, engine: Engine, model: str, limit: int) -> None:
        self.engine, self.model, self.ready = engine, model, False
        self._executor = ThreadPoolExecutor(1, "model")  # owns the model: nothing else may call it
        self._created, self._stopping = int(time.time()), False
        self.measures = Measures(model, engine.kind, engine.step, lambda: self.batcher.waiting)
        told = self.measures.batch
        self.chats = Chats(engine, self._executor, limit, told) if isinstance(engine, AgentEngine) else None
        self.batcher: Batcher[Any, Any] = (
            self.chats.batcher if self.chats else Batcher(engine.answer, self._executor, SIZE, limit, told)  # type: ignore[union-attr]
        )

    async def prepare(self, told: Told) -> None:
        """Compiles for every shape; `told` hears how many programs there are so far and how many in all."""

        def compile_all() -> None:
            for done, total in self.engine.warm_up():
                told(done, total)
                if self._stopping:
                    return

        await asyncio.get_running_loop().run_in_executor(self._executor, compile_all)
        self.ready = True
        self.measures.ready.set(1)

    def stop(self) -> None:
        """Ends `prepare` after the program at hand, and the thread."""
        self._stopping = True
        self._executor.shutdown(cancel_futures=True)

    def require(self, path: str) -> None:
        """Refuses a path that the run does not offer, and everything before it is ready.

        Raises:
          RefusedError: 404 or 503.
        """
        if path not in self.engine.paths:
            offered = listed(self.engine.paths)
            raise RefusedError(404, f"{path}: {self.model} is {self.engine.kind}, which offers {offered}")
        if not self.ready:
            raise RefusedError(503, "getting ready: programs are being compiled", 5)

    def require_model(self, name: str) -> None:
        """Refuses the name of another model.

        Raises:
          RefusedError: 404.
        """
        if name != self.model:
            raise RefusedError(404, f"model: expected {self.model!r}, found {shown(name)}")

    async def predict(self, given: Prediction) -> dict[str, Any]:
        """The body of the answer to `/predict`."""
        answers = await self._ask(PREDICT, given.inputs, "inputs")
        errors = [one for one in answers if isinstance(one, UserError)]
        if len(errors) == len(answers):
            raise RefusedError(422, str(errors[0]))
        predictions = [
            {"line": number, "error": str(one)} if isinstance(one, UserError) else one
            for number, one in enumerate(answers, start=1)
        ]
        return {"model": self.model, "predictions": predictions}

    async def embed(self, given: Embeddings) -> dict[str, Any]:
        """The body of the answer to `/v1/embeddings`."""
        self.require_model(given.model)
        width = self.engine.width  # type: ignore[union-attr]
        if given.dimensions not in (None, width):
            raise RefusedError(422, f"dimensions: expected {width}, as the model has, found {given.dimensions}")
        answers = await self._ask(EMBEDDINGS, given.input, "input")
        for one in answers:
            if isinstance(one, UserError):
                raise RefusedError(422, str(one))
        data = [
            {"object": "embedding", "index": index, "embedding": _encoded(one, given.encoding_format)}
            for index, one in enumerate(answers)
        ]
        tokens = sum(one.tokens for one in answers)
        usage = {"prompt_tokens": tokens, "total_tokens": tokens}
        return {"object": "list", "data": data, "model": self.model, "usage": usage}

    async def complete(self, given: Completion) -> Response:
        """The response to `/v1/chat/completions`."""
        assert self.chats is not None
        self.require_model(given.model)
        turns = turns_of(given.messages)
        self.chats.admit()
        streaming = False
        try:
            reply = Reply(self.chats, self.model, turns, await self.chats.begin(turns))
            if not given.stream:
                return JSONResponse(await reply.whole())
            streaming = True
            return _Stream(reply.stream(given), self.chats.leave)
        finally:
            if not streaming:
                self.chats.leave()

    def models(self) -> dict[str, Any]:
        """The body of the answer to `/v1/models`."""
        one = {"id": self.model, "object": "model", "created": self._created, "owned_by": "space_jax"}
        return {"object": "list", "data": [{**one, "step": self.engine.step, "offers": list(self.engine.paths)}]}

    async def _ask(self, path: str, inputs: Sequence[Any], field: str) -> list[Any]:
        """The results of inputs; raises what is no user's mistake."""
        asked = [Asked(path, one, f"{field}[{n}]", n + 1) for n, one in enumerate(inputs)]
        answers = await self.batcher.ask(asked)
        for one in answers:
            if isinstance(one, Exception) and not isinstance(one, UserError):
                raise one
        return answers


class _Stream(StreamingResponse):
    """Events, after which, or when nobody listens any more, `leave` is called; also if none was sent."""

    def __init__(self, events: AsyncIterator[str], leave: Callable[[], None]) -> None:
        super().__init__(events, media_type="text/event-stream")
        self._leave = leave

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """See ASGI."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._leave()


def listed(paths: Sequence[str]) -> str:
    """Paths in a sentence."""
    return ", ".join(paths)


def _encoded(vector: Vector, encoding: str) -> list[float] | str:
    if encoding == "base64":
        return base64.b64encode(np.asarray(vector.values, "<f4").tobytes()).decode()
    return [float(value) for value in vector.values]
