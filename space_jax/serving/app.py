"""The application: which paths there are, and what each answers. A run offers some of them; see docs/serving.md."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from space_jax.serving.bodies import Completion, Embeddings, Prediction, body_of
from space_jax.serving.engines import CHAT, EMBEDDINGS, PREDICT
from space_jax.serving.measures import CONTENT_TYPE_LATEST, Measured
from space_jax.serving.refusal import BROKEN, RefusedError
from space_jax.serving.service import Service, listed
from space_jax.terminal.progress import Told

ALWAYS = ("/health", "/metrics", "/v1/models")


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

    # Without a schema, of which FastAPI would make pages that load scripts from other hosts.
    app = FastAPI(lifespan=lifespan, openapi_url=None)
    app.state.service = service
    app.add_middleware(Measured, measures=service.measures)
    _add_refusals(app, service)

    def offered(path: str) -> Any:
        async def check() -> None:
            service.require(path)

        return Depends(check)  # before the body is read

    @app.get("/health")
    async def health() -> dict[str, Any]:
        if not service.ready:
            raise RefusedError(503, "getting ready: programs are being compiled", 5)
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

    @app.post(PREDICT, dependencies=[offered(PREDICT)])
    async def predict(given: Annotated[Prediction, Depends(body_of(Prediction))]) -> JSONResponse:
        return JSONResponse(await service.predict(given))

    @app.post(EMBEDDINGS, dependencies=[offered(EMBEDDINGS)])
    async def embeddings(given: Annotated[Embeddings, Depends(body_of(Embeddings))]) -> JSONResponse:
        return JSONResponse(await service.embed(given))

    @app.post(CHAT, dependencies=[offered(CHAT)])
    async def completions(given: Annotated[Completion, Depends(body_of(Completion))]) -> Response:
        return await service.complete(given)

    return app


def _add_refusals(app: FastAPI, service: Service) -> None:
    """Every answer that is no success is JSON with a sentence."""

    def refuse(refused: RefusedError) -> JSONResponse:
        return JSONResponse(refused.as_json(), refused.status, refused.headers)

    @app.exception_handler(RefusedError)
    async def refused(_: Request, error: RefusedError) -> JSONResponse:
        return refuse(error)

    @app.exception_handler(HTTPException)
    async def unknown(request: Request, error: HTTPException) -> JSONResponse:
        if error.status_code == 404:
            there = listed((*service.engine.paths, *ALWAYS))
            return refuse(RefusedError(404, f"{request.url.path}: expected one of {there}"))
        return refuse(RefusedError(error.status_code, f"{request.method} {request.url.path}: {error.detail}"))

    @app.exception_handler(Exception)
    async def broken(_: Request, error: Exception) -> JSONResponse:
        return refuse(RefusedError(500, BROKEN))  # Starlette passes the error on to the server's log
