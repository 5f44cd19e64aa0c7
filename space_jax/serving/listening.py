"""Listens for requests until it is told to stop, and then finishes those that have begun."""

import contextlib
import signal
import socket
import time

import uvicorn

from space_jax.errors import UserError
from space_jax.serving.app import make_app
from space_jax.serving.service import Service
from space_jax.terminal import say
from space_jax.terminal.progress import LiveProgress

GRACE = 60
"""Seconds that requests which have begun may take once the server is told to stop."""


def bound(host: str, port: int) -> socket.socket:
    """A socket at an address, which does not listen yet, so that nobody connects before anything can answer.

    Raises:
      UserError: the address is taken or does not belong to this machine.
    """
    place = None
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        place = socket.socket(family, kind, protocol)
        place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        place.bind(address)
    except OSError as error:
        if place is not None:
            place.close()
        raise UserError(
            f"cannot listen on {host}:{port} ({error.strerror}); --host needs an address of this machine, "
            "--port one that no other program listens on"
        ) from None
    return place


def serve(service: Service, place: socket.socket) -> None:
    """Serves until SIGTERM or Ctrl-C; requests that have begun are finished, and no others begin.

    Raises:
      Exception: whatever ended the compilation.
    """
    host, port = place.getsockname()[:2]
    say(f"http://{host}:{port} serves {', '.join(service.engine.paths)} of {service.model}", flush=True)
    server = Server(service)
    before = signal.signal(signal.SIGTERM, lambda *_: None)  # uvicorn raises it again once it has stopped
    try:
        with server.progress:
            server.run(sockets=[place])
    except KeyboardInterrupt:
        print()
    finally:
        signal.signal(signal.SIGTERM, before)
    if server.failure is not None:
        raise server.failure


class Server(uvicorn.Server):
    """The server of a service.

    Attributes:
      progress: of the compilation, shown until its end.
      failure: the error that ended the compilation, and with it the server.
    """

    def __init__(self, service: Service) -> None:
        self.failure: BaseException | None = None
        self.progress = contextlib.ExitStack()
        self._programs = self.progress.enter_context(LiveProgress("programs", None))
        self._began = time.monotonic()
        app = make_app(service, self._told, self._failed)
        quiet = {"log_config": None, "log_level": "warning", "access_log": False, "server_header": False}
        super().__init__(uvicorn.Config(app, timeout_graceful_shutdown=GRACE, **quiet))  # type: ignore[arg-type]

    def _told(self, done: int, total: int) -> None:
        self._programs.tell(done, total)
        if done == total:
            self.progress.close()
            seconds = time.monotonic() - self._began
            say(f"ready: {total} programs in {seconds:.0f} s; Ctrl-C ends it", flush=True)

    def _failed(self, error: BaseException) -> None:
        self.failure, self.should_exit = error, True
