"""Servers in this process: behind a client without a network, or on a port of their own."""

import asyncio
import contextlib
import threading

from fastapi.testclient import TestClient

from space_jax.serving.app import make_app
from space_jax.serving.listening import Server, bound
from space_jax.serving.service import Service


class Engine:
    """A model that is none: it answers with the length of each text."""

    kind, step, paths, width = "a stand-in", 1, ("/predict",), 2

    def __init__(self, answer=None, steps=((1, 1),)):
        self.batches, self._answer, self._steps = [], answer or (lambda text: {"length": len(text)}), steps

    def warm_up(self):
        yield from self._steps

    def answer(self, asked):
        self.batches.append([one.given for one in asked])
        return [self._answer(one.given) for one in asked]


@contextlib.contextmanager
def client_of(engine, limit=512):
    """A client without a network, of a server that is ready."""
    service = Service(engine, "tiny", limit)
    with TestClient(make_app(service, lambda done, total: None), raise_server_exceptions=False) as client:
        client.portal.call(until_ready, service)
        yield client


async def until_ready(service):
    while not service.ready:
        await asyncio.sleep(0.005)


@contextlib.contextmanager
def server_of(engine, limit=512):
    """The address of a server on a port of its own, and the server, which has begun to listen."""
    service, place = Service(engine, "tiny", limit), bound("127.0.0.1", 0)
    server = Server(service)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [place]})
    thread.start()
    while not server.started:
        pass
    try:
        yield "http://{}:{}".format(*place.getsockname()), server
    finally:
        server.should_exit = True
        thread.join()
