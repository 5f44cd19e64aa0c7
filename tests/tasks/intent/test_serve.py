"""`/predict` and `/v1/embeddings` of a fine-tuned classifier."""

import base64
import json

import numpy as np
import pytest

pytest.importorskip("fastapi", reason="comes with the extra serve")
pytest.importorskip("httpx2", reason="comes with the extra dev")

from space_jax.serving.engines import engine_of
from space_jax.tasks.predictor import Predictor
from space_jax.tasks.record_sources import Row
from space_jax.tasks.row_predictions import predict_rows
from tests.serving.servers import client_of

TEXTS = ["book a table", "hello the seat", "drop the room please ?", "hi a taxi"]


@pytest.fixture(scope="module")
def engine(finished):
    return engine_of(finished[0], "best", "", 4)


@pytest.fixture(scope="module")
def client(engine):
    with client_of(engine) as client:
        yield client


def test_predictions_are_those_of_the_command(client, finished):
    lines = [{"id": "first", "text": TEXTS[0]}, *TEXTS[1:], {"utterance": "book"}, "", {"text": 7}, "hi " * 500]
    answer = client.post("/predict", json={"inputs": lines})
    assert answer.status_code == 200
    rows = [one if isinstance(one, dict) else {"text": one} for one in lines]
    trained = Predictor(finished[0])
    expected = list(predict_rows(trained, [Row(n + 1, f"inputs[{n}]", row) for n, row in enumerate(rows)], 8))
    assert without_scores(answer.json()["predictions"]) == without_scores(expected)
    assert scores(answer.json()["predictions"]) == pytest.approx(scores(expected), abs=1e-5)
    assert "inputs[5]: field text: expected an utterance, found ''" in answer.json()["predictions"][5]["error"]


def without_scores(value):
    return json.loads(json.dumps(value), parse_float=lambda _: None)


def scores(value):
    found = []
    json.loads(json.dumps(value), parse_float=lambda text: found.append(float(text)))
    return found


def test_vectors_in_both_encodings(client, engine, finished):
    asked = {"model": "tiny", "input": TEXTS}
    answer = client.post("/v1/embeddings", json=asked).json()
    trained = Predictor(finished[0])
    rows = [type(trained.task).read_row(trained.config.task, {"text": text}, "", 1) for text in TEXTS]
    examples = [trained.task.example(row) for row in rows]
    expected = trained.outputs(examples)["vector"]
    assert [one["index"] for one in answer["data"]] == [0, 1, 2, 3]
    np.testing.assert_allclose([one["embedding"] for one in answer["data"]], expected, atol=1e-5)
    assert answer["usage"]["prompt_tokens"] == sum(len(one.encoded) for one in examples)
    packed = client.post("/v1/embeddings", json={**asked, "input": TEXTS[0], "encoding_format": "base64"}).json()
    vector = np.frombuffer(base64.b64decode(packed["data"][0]["embedding"]), "<f4")
    np.testing.assert_allclose(vector, expected[0], atol=1e-5)


def test_everything_is_compiled_before_the_first_request(client, engine):
    compiled = engine._trained._inference._run._cache_size()
    for count in (1, 2, 5, 9, 33, 256):
        answer = client.post("/predict", json={"inputs": [TEXTS[n % 4] for n in range(count)]})
        assert len(answer.json()["predictions"]) == count
    assert engine._trained._inference._run._cache_size() == compiled


def test_what_the_run_does_not_offer_is_named(client):
    messages = [{"role": "user", "content": "hi"}]
    answer = client.post("/v1/chat/completions", json={"model": "tiny", "messages": messages})
    assert answer.status_code == 404
    assert answer.json()["error"]["message"] == (
        "/v1/chat/completions: tiny is a model for the task intent, which offers /predict, /v1/embeddings"
    )
    missing = client.get("/nothing")
    assert missing.status_code == 404
    there = "/predict, /v1/embeddings, /health, /metrics, /v1/models"
    assert missing.json()["error"]["message"] == f"/nothing: expected one of {there}"
