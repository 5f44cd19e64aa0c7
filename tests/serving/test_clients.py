"""On a port: OpenAI's own client, unchanged; a graceful stop; an address that is taken."""

import base64
import threading

import numpy as np
import pytest

pytest.importorskip("fastapi", reason="comes with the extra serve")
pytest.importorskip("openai", reason="comes with the extra dev")

import httpx2
import openai

from space_jax.cli import main
from space_jax.errors import UserError
from space_jax.serving.engines import AgentEngine, Vector
from space_jax.serving.listening import bound
from tests.serving.servers import Engine, server_of
from tests.serving.test_chats import Several, fresh, user  # noqa: F401


class Vectors(Engine):
    paths = ("/v1/embeddings",)

    def answer(self, asked):
        return [Vector(np.array([len(one.given), 0.1], np.float32), 1) for one in asked]


def client_at(address, **more):
    return openai.OpenAI(base_url=f"{address}/v1", api_key="none", **more)


def test_the_client_talks_to_an_agent(fresh):  # noqa: F811
    with server_of(AgentEngine(Several(fresh), 1, 4)) as (address, _), client_at(address, max_retries=5) as client:
        (model,) = client.models.list()  # tried again until it is ready
        messages = [user("area=north")]
        whole = client.chat.completions.create(model=model.id, messages=messages)
        assert whole.choices[0].message.content == "I heard: area=north"
        assert whole.space_jax["state"] == {"hotel": {"area": "north"}}
        assert whole.usage.completion_tokens == 3
        messages += [whole.choices[0].message, user("stars=4")]
        stream = client.chat.completions.create(model=model.id, messages=messages, stream=True)
        chunks = list(stream)
        assert "".join(one.choices[0].delta.content or "" for one in chunks) == "I heard: stars=4"
        assert chunks[0].space_jax["state"] == {"hotel": {"area": "north", "stars": "4"}}
        assert chunks[-1].choices[0].finish_reason == "stop"
        assert client.models.retrieve("tiny").id == "tiny"
        with pytest.raises(openai.NotFoundError, match="an agent, which offers /v1/chat/completions"):
            client.embeddings.create(model="tiny", input="a")
        with pytest.raises(openai.UnprocessableEntityError, match="n: expected 1"):
            client.chat.completions.create(model="tiny", messages=messages, n=2)


def test_the_client_gets_vectors():
    with server_of(Vectors()) as (address, _), client_at(address, max_retries=5) as client:
        answer = client.embeddings.create(model="tiny", input=["ab", "abc"])  # asks for base64, unless told otherwise
        np.testing.assert_allclose([one.embedding for one in answer.data], [[2, 0.1], [3, 0.1]], rtol=1e-6)
        plain = client.embeddings.create(model="tiny", input="ab", encoding_format="float")
        assert plain.data[0].embedding == pytest.approx([2, 0.1])
        packed = client.embeddings.create(model="tiny", input="ab", encoding_format="base64").data[0].embedding
        assert np.frombuffer(base64.b64decode(packed), "<f4")[0] == 2
        with pytest.raises(openai.UnprocessableEntityError, match="dimensions: expected 2, as the model has, found 3"):
            client.embeddings.create(model="tiny", input="ab", dimensions=3)
        with pytest.raises(openai.UnprocessableEntityError, match="token ids are not taken"):
            client.embeddings.create(model="tiny", input=[[1, 2]])


def test_what_has_begun_is_finished_and_nothing_else_begins():
    begun, going = threading.Event(), threading.Event()

    def answer(text):
        begun.set()
        going.wait()
        return {"label": text}

    with server_of(Engine(answer)) as (address, server):
        while httpx2.get(f"{address}/health").status_code != 200:
            pass
        answers = []
        asking = threading.Thread(
            target=lambda: answers.append(httpx2.post(f"{address}/predict", json={"inputs": ["a"]}, timeout=60))
        )
        asking.start()
        begun.wait()
        server.handle_exit(15, None)
        while any(one.is_serving() for one in server.servers):
            pass
        with pytest.raises(httpx2.ConnectError):
            httpx2.get(f"{address}/health")
        going.set()
        asking.join()
    assert answers[0].json()["predictions"] == [{"label": "a"}]


def test_an_address_that_is_taken(tmp_path, capsys):
    with bound("127.0.0.1", 0) as place:
        place.listen()
        port = place.getsockname()[1]
        assert main(["serve", "--workdir", str(tmp_path), "--port", str(port)]) == 2
        assert f"cannot listen on 127.0.0.1:{port} (Address already in use); --host needs" in capsys.readouterr().err
        with pytest.raises(UserError, match=r"cannot listen on 192\.0\.2\.1:8000"):
            bound("192.0.2.1", 8000)
