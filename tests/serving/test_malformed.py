"""Bytes that nobody meant: whatever comes, each request gets an answer that is no bug, and the server goes on."""

import json
import random
import socket

import numpy as np
import pytest

pytest.importorskip("fastapi", reason="comes with the extra serve")
pytest.importorskip("httpx2", reason="comes with the extra dev")

import httpx2

from space_jax.serving.engines import CHAT, EMBEDDINGS, PREDICT, AgentEngine, Vector
from tests.serving.servers import Engine, client_of, server_of
from tests.serving.test_chats import Several, fresh  # noqa: F401

WHOLE = {
    PREDICT: {"inputs": ["a table", {"text": "é", "id": 7, "n": [1.5, None, True]}]},
    EMBEDDINGS: {"model": "tiny", "input": ["a", "b"], "encoding_format": "base64"},
    CHAT: {"model": "tiny", "messages": [{"role": "user", "content": "hi"}], "stream": False, "n": 1},
}
PIECES = (b"[", b"]", b"{", b"}", b'"', b",", b":", b"\\u", b"\\ud83d", b"\xff", b"\x00", b"1e999", b"-", b"NaN")


def spoilt(rng, content):
    """Bytes with some of them changed, left out, doubled, or replaced by what means something in JSON."""
    spoilt = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 5, 20))):
        place = rng.randrange(len(spoilt) + 1)
        match rng.randrange(4):
            case 0:
                spoilt[place : place + 1] = bytes([rng.randrange(256)])
            case 1:
                del spoilt[place : place + rng.randrange(1, 9)]
            case 2:
                spoilt[place:place] = spoilt[place : place + rng.randrange(1, 40)] * rng.choice((1, 2, 200))
            case 3:
                spoilt[place:place] = rng.choice(PIECES) * rng.choice((1, 1, 200))
    return bytes(spoilt)


class Anything(Engine):
    paths = (PREDICT, EMBEDDINGS)

    def answer(self, asked):
        vector = Vector(np.zeros(2, np.float32), 1)
        return [vector if one.path == EMBEDDINGS else {"label": json.dumps(one.given)} for one in asked]


@pytest.mark.parametrize("count", [150, pytest.param(5_000, marks=pytest.mark.slow)])
def test_spoilt_bodies(fresh, count):  # noqa: F811
    rng, statuses = random.Random(0), set()
    with client_of(Anything()) as client, client_of(AgentEngine(Several(fresh), 1, 1)) as talking:
        for number in range(count):
            path = (PREDICT, EMBEDDINGS, CHAT)[number % 3]
            body = spoilt(rng, json.dumps(WHOLE[path]).encode())
            answer = (talking if path == CHAT else client).post(
                path, content=body, headers={"Content-Type": "application/json"}
            )
            statuses.add(answer.status_code)
            assert answer.status_code in (200, 400, 404, 413, 422), (path, body, answer.text)
            if answer.status_code != 200:
                assert answer.json()["error"]["message"], (path, body)
        assert {200, 400, 422} <= statuses
        assert client.post(PREDICT, json=WHOLE[PREDICT]).status_code == 200


@pytest.mark.parametrize("size", [30_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
def test_a_million_malformed_bytes_do_not_end_it(size, caplog):
    """Over a socket, without any HTTP client between: half requests, wrong lengths, noise."""
    rng, sent = random.Random(1), 0
    body = json.dumps(WHOLE[PREDICT]).encode()
    head = b"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
    with server_of(Anything()) as (address, _):
        place = ("127.0.0.1", int(address.rpartition(":")[2]))
        while sent < size:
            length = rng.choice((len(body), len(body) - 5, len(body) + 5, 2**40, -1))
            whole = head + b"Content-Length: %d\r\n\r\n" % length + spoilt(rng, body)
            content = rng.choice((whole, spoilt(rng, whole), rng.randbytes(rng.choice((10, 5000)))))
            sent += len(content)
            with socket.create_connection(place) as connection:
                connection.sendall(content)
                connection.shutdown(socket.SHUT_WR)
                if rng.random() < 0.5:
                    answer = connection.recv(4096)
                    assert b"HTTP/1.1 500" not in answer, content
        while httpx2.get(f"{address}/health").status_code != 200:
            pass
        assert httpx2.post(f"{address}/predict", json=WHOLE[PREDICT]).status_code == 200
    assert [one.exc_text for one in caplog.records if one.exc_info] == []
