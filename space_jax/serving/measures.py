"""What the server measures of itself, for Prometheus."""

import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

__all__ = ["CONTENT_TYPE_LATEST", "Measured", "Measures"]

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_PARTS = (1, 2, 4, 8, 16, 32)
Message = MutableMapping[str, Any]
App = Callable[[Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]]


class Measures:
    """Counters of one server.

    Args:
      model, kind, step: what is served.
      waiting: how many inputs wait for the model.
    """

    def __init__(self, model: str, kind: str, step: int, waiting: Callable[[], float]) -> None:
        self._registry = registry = CollectorRegistry()
        info = Gauge("space_jax_model", "what is served", ("model", "kind", "step"), registry=registry)
        info.labels(model, kind, str(step)).set(1)
        self.ready = Gauge("space_jax_ready", "1 once all programs are compiled", registry=registry)
        self.requests = Counter("space_jax_requests", "answered requests", ("path", "status"), registry=registry)
        self.seconds = Histogram(
            "space_jax_request_seconds",
            "from a request's head to its answer's end",
            ("path",),
            buckets=_SECONDS,
            registry=registry,
        )
        self._parts = Histogram("space_jax_batch_inputs", "inputs of a batch", buckets=_PARTS, registry=registry)
        self._model = Histogram(
            "space_jax_batch_seconds", "of the model with a batch", buckets=_SECONDS, registry=registry
        )
        Gauge("space_jax_waiting_inputs", "inputs that no batch has yet", registry=registry).set_function(waiting)

    def batch(self, parts: int, seconds: float) -> None:
        """Counts a batch."""
        self._parts.observe(parts)
        self._model.observe(seconds)

    def exposed(self) -> bytes:
        """All of it, as Prometheus reads it."""
        return generate_latest(self._registry)


class Measured:
    """ASGI middleware that counts and times requests by the path of their route, so that no client makes up names.

    Args:
      app: the application.
      measures: the server's.
    """

    def __init__(self, app: App, measures: Measures) -> None:
        self._app, self._measures = app, measures

    async def __call__(self, scope: Message, receive: Any, send: Any) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.monotonic(), 500

        async def noting(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            path = getattr(scope.get("route"), "path", "other")
            self._measures.requests.labels(path, str(status)).inc()
            self._measures.seconds.labels(path).observe(time.monotonic() - began)
