"""The application: which paths there are, and what each answers. A run offers some of them; see docs/serving.md."""

import asyncio
import base64
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Any

import numpy as np
from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from starlette.exceptions import HTTPException

from space_jax.errors import UserError
from space_jax.serving.batching import Batcher
from space_jax.serving.bodies import Completion, Embeddings, Prediction, body_of
from space_jax.serving.chats import Chats
from space_jax.serving.completions import Reply
from space_jax.serving.conversations import turns_of
from space_jax.serving.engines import CHAT, EMBEDDINGS, PREDICT, SIZE, AgentEngine, Asked, Engine, Vector
from space_jax.serving.measures import CONTENT_TYPE_LATEST, Measured, Measures
from space_jax.serving.refusal import BROKEN, Refused

ALWAYS = ("/health", "/metrics", "/v1/models")
Told = Callable[[int, int], None]


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
          Refused: 404 or 503.
        """
        if path not in self.engine.paths:
            raise Refused(404, f"{path}: {self.model} is {self.engine.kind}, which offers {_listed(self.engine.paths)}")
        if not self.ready:
            raise Refused(503, "getting ready: programs are being compiled", 5)

    def require_model(self, name: str) -> None:
        """Refuses the name of another model.

        Raises:
          Refused: 404.
        """
        if name != self.model:
            raise Refused(404, f"model: expected {self.model!r}, found {name!r}")

    async def predict(self, given: Prediction) -> dict[str, Any]:
        """The body of the answer to `/predict`."""
        self.require(PREDICT)
        answers = await self._ask(PREDICT, given.inputs, "inputs")
        errors = [one for one in answers if isinstance(one, UserError)]
        if len(errors) == len(answers):
            raise Refused(422, str(errors[0]))
        predictions = [
            {"line": number, "error": str(one)} if isinstance(one, UserError) else one
            for number, one in enumerate(answers, start=1)
        ]
        return {"model": self.model, "predictions": predictions}

    async def embed(self, given: Embeddings) -> dict[str, Any]:
        """The body of the answer to `/v1/embeddings`."""
        self.require(EMBEDDINGS)
        self.require_model(given.model)
        width = self.engine.width  # type: ignore[union-attr]
        if given.dimensions not in (None, width):
            raise Refused(422, f"dimensions: expected {width}, as the model has, found {given.dimensions}")
        answers = await self._ask(EMBEDDINGS, given.input, "input")
        for one in answers:
            if isinstance(one, UserError):
                raise Refused(422, str(one))
        data = [
            {"object": "embedding", "index": index, "embedding": _encoded(one, given.encoding_format)}
            for index, one in enumerate(answers)
        ]
        tokens = sum(one.tokens for one in answers)
        usage = {"prompt_tokens": tokens, "total_tokens": tokens}
        return {"object": "list", "data": data, "model": self.model, "usage": usage}

    async def complete(self, given: Completion) -> Response:
        """The response to `/v1/chat/completions`."""
        self.require(CHAT)
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


def make_app(service: Service, told: Told, failed: Callable[[BaseException], None] = lambda error: None) -> FastAPI:
    """The application.

    Args:
      service: of a run; its programs are compiled while the application already says that it is not ready.
      told: see `Service.prepare`.
      failed: called with the error by which that ended.
    """

    def prepared(task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            failed(error)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(service.prepare(told)), asyncio.create_task(service.batcher.run())]
        tasks[0].add_done_callback(prepared)
        yield
        for task in tasks:
            task.cancel()
        service.stop()
        await asyncio.gather(*tasks, return_exceptions=True)

    app = FastAPI(title=f"space_jax: {service.model}", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.service = service
    app.add_middleware(Measured, measures=service.measures)
    _add_refusals(app, service)

    @app.get("/health")
    async def health() -> dict[str, Any]:
        if not service.ready:
            raise Refused(503, "getting ready: programs are being compiled", 5)
        return {"status": "ready", "model": service.model}

    @app.get("/metrics")
    async def metrics() -> Response:
        return Response(service.measures.exposed(), media_type=CONTENT_TYPE_LATEST)

    @app.get("/v1/models")
    async def models() -> dict[str, Any]:
        return service.models()

    @app.get("/v1/models/{name}")
    async def model(name: str) -> dict[str, Any]:
        service.require_model(name)
        return service.models()["data"][0]

    @app.post(PREDICT)
    async def predict(given: Annotated[Prediction, Depends(body_of(Prediction))]) -> JSONResponse:
        return JSONResponse(await service.predict(given))

    @app.post(EMBEDDINGS)
    async def embeddings(given: Annotated[Embeddings, Depends(body_of(Embeddings))]) -> JSONResponse:
        return JSONResponse(await service.embed(given))

    @app.post(CHAT)
    async def completions(given: Annotated[Completion, Depends(body_of(Completion))]) -> Response:
        return await service.complete(given)

    return app


def _add_refusals(app: FastAPI, service: Service) -> None:
    """Every answer that is no success is JSON with a sentence."""

    def refuse(refused: Refused) -> JSONResponse:
        return JSONResponse(refused.as_json(), refused.status, refused.headers)

    @app.exception_handler(Refused)
    async def refused(_: Request, error: Refused) -> JSONResponse:
        return refuse(error)

    @app.exception_handler(HTTPException)
    async def unknown(request: Request, error: HTTPException) -> JSONResponse:
        if error.status_code == 404:
            there = _listed((*service.engine.paths, *ALWAYS))
            return refuse(Refused(404, f"{request.url.path}: expected one of {there}"))
        return refuse(Refused(error.status_code, f"{request.method} {request.url.path}: {error.detail}"))

    @app.exception_handler(Exception)
    async def broken(_: Request, error: Exception) -> JSONResponse:
        return refuse(Refused(500, BROKEN))  # Starlette passes the error on to the server's log


def _encoded(vector: Vector, encoding: str) -> list[float] | str:
    if encoding == "base64":
        return base64.b64encode(np.asarray(vector.values, "<f4").tobytes()).decode()
    return [float(value) for value in vector.values]


def _listed(paths: Sequence[str]) -> str:
    return ", ".join(paths)
