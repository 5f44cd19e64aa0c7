"""The server around any model: refusals, readiness, batches, measures."""

import threading

import pytest

pytest.importorskip("fastapi", reason="comes with the extra serve")
pytest.importorskip("httpx2", reason="comes with the extra dev")

from fastapi.testclient import TestClient

from space_jax.errors import UserError
from space_jax.serving.app import make_app
from space_jax.serving.bodies import LARGEST, LONGEST
from space_jax.serving.service import Service
from tests.serving.servers import Engine, client_of

JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def client():
    with client_of(Engine()) as client:
        yield client


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"", 400, "body: expected JSON, found it damaged (it is empty)"),
        (b"{", 400, "body: expected JSON, found it damaged"),
        (b'{"inputs": ["caf\xe9"]}', 400, "expected UTF-8, found 0xe9 at byte 16"),
        ('{"inputs": ["a"]}'.encode("utf-16"), 400, "UTF-16"),
        (b'{"inputs": ["\\ud800"]}', 400, "half a surrogate pair"),
        (b'{"inputs": [NaN]}', 400, "NaN is no number"),
        (b'{"inputs": [1e999]}', 400, "expected a finite one"),
        (b'{"inputs": ["a"], "inputs": ["b"]}', 400, "found 'inputs' twice"),
        (b'{"inputs": ' + b"[" * 200 + b"]" * 200 + b"}", 400, "nested too deeply"),
        (b"[" * 100_000, 400, "nested too deeply"),
        (b'{"inputs": [' + b"9" * 5000 + b"]}", 400, "body: expected JSON, found it damaged"),
        (b"[1]", 422, "body: "),
        (b"{}", 422, "inputs: this field is missing"),
        (b'{"inputs": "a"}', 422, "inputs: input should be a valid list, found 'a'"),
        (b'{"inputs": []}', 422, "inputs: list should have at least 1 item"),
        (b'{"inputs": ["a", 7]}', 422, "inputs[1]: expected a text, found 7"),
        (b'{"inputs": [null]}', 422, "inputs[0]: expected a text, found None"),
        (b'{"inputs": ["' + b"a" * (LONGEST + 1) + b'"]}', 422, f"inputs[0]: expected a text of at most {LONGEST}"),
        (b'{"inputs": [' + b'"a",' * 256 + b'"a"]}', 422, "inputs: list should have at most 256 items"),
        (b" " * (LARGEST + 1), 413, f"body: expected at most {LARGEST} bytes, found more"),
    ],
)
def test_a_bad_body_is_refused_in_a_sentence(client, body, status, said):
    answer = client.post("/predict", content=body, headers=JSON)
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert said in error["message"]
    assert "\n" not in error["message"]
    assert error["type"] == "invalid_request_error"


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded", "\x7f"])
def test_another_type_than_json_is_refused(client, kind):
    headers = {} if kind is None else {"Content-Type": kind}
    answer = client.post("/predict", content=b'{"inputs": ["a"]}', headers=headers)
    assert answer.status_code == 415
    assert "expected the header Content-Type: application/json" in answer.json()["error"]["message"]


def test_another_method_is_refused(client):
    answer = client.get("/predict")
    assert answer.status_code == 405
    assert answer.json()["error"]["message"] == "GET /predict: Method Not Allowed"


def test_a_user_error_is_in_the_place_of_its_input_alone():
    def answer(text):
        return UserError(f"no {text}") if text == "bad" else {"label": text}

    with client_of(Engine(answer)) as client:
        some = client.post("/predict", json={"inputs": ["good", "bad"]})
        assert some.json()["predictions"] == [{"label": "good"}, {"line": 2, "error": "no bad"}]
        none = client.post("/predict", json={"inputs": ["bad"]})
        assert (none.status_code, none.json()["error"]["message"]) == (422, "no bad")


def test_a_bug_costs_its_own_request_alone_and_shows_nothing():
    def answer(text):
        return {"label": 1 / (text != "bad")}

    with client_of(Engine(answer)) as client:
        statuses = {}

        def ask(text):
            statuses[text] = client.post("/predict", json={"inputs": [text]})

        threads = [threading.Thread(target=ask, args=(text,)) for text in ("good", "bad", "fine")]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        assert {text: one.status_code for text, one in statuses.items()} == {"good": 200, "bad": 500, "fine": 200}
        assert "division" not in statuses["bad"].text
        assert "Traceback" not in statuses["bad"].text
        assert "something went wrong" in statuses["bad"].json()["error"]["message"]


def test_nothing_is_answered_before_all_programs_are_there():
    compiled = threading.Event()

    class Slow(Engine):
        def warm_up(self):
            yield 1, 2
            compiled.wait()
            yield 2, 2

    service = Service(Slow(), "tiny", 4)
    with TestClient(make_app(service, lambda done, total: None)) as client:
        for answer in (client.get("/health"), client.post("/predict", json={"inputs": ["a"]})):
            assert answer.status_code == 503
            assert answer.headers["Retry-After"] == "5"
        assert "space_jax_ready 0.0" in client.get("/metrics").text
        compiled.set()
        while client.get("/health").status_code != 200:
            pass
        assert client.post("/predict", json={"inputs": ["abc"]}).json()["predictions"] == [{"length": 3}]
        assert "space_jax_ready 1.0" in client.get("/metrics").text


def test_an_error_while_compiling_is_told():
    class Broken(Engine):
        def warm_up(self):
            raise UserError("too little memory")
            yield

    errors, told = [], threading.Event()

    def failed(error):
        errors.append(error)
        told.set()

    with TestClient(make_app(Service(Broken(), "tiny", 4), lambda done, total: None, failed)):
        told.wait()
    assert str(errors[0]) == "too little memory"


def test_a_full_queue_is_429_with_a_time():
    going, begun = threading.Event(), threading.Event()

    def answer(text):
        begun.set()
        going.wait()
        return {"label": text}

    with client_of(Engine(answer), limit=2) as client:
        answers = []
        threads = [
            threading.Thread(target=lambda: answers.append(client.post("/predict", json={"inputs": ["a"]})))
            for _ in range(3)
        ]
        threads[0].start()
        begun.wait()  # the model is at work, and the others wait
        for one in threads[1:]:
            one.start()
        while client.portal.call(lambda: client.app.state.service.batcher.waiting) < 2:
            pass
        refused = client.post("/predict", json={"inputs": ["a"]})
        assert refused.status_code == 429
        assert int(refused.headers["Retry-After"]) >= 1
        assert refused.json()["error"]["message"] == "2 inputs wait already, of at most 2"
        going.set()
        for one in threads:
            one.join()
        assert [one.status_code for one in answers] == [200] * 3
        assert client.post("/predict", json={"inputs": ["a"]}).status_code == 200


def test_what_is_measured(client):
    before = client.get("/metrics").text
    client.post("/predict", json={"inputs": ["a", "b"]})
    client.get("/no/such/path")
    text = client.get("/metrics").text
    assert 'space_jax_model{kind="a stand-in",model="tiny",step="1"} 1.0' in text
    assert count(text, 'space_jax_requests_total{path="/predict",status="200"}') == 1 + count(
        before, 'space_jax_requests_total{path="/predict",status="200"}'
    )
    assert count(text, 'space_jax_requests_total{path="other",status="404"}') >= 1
    assert "/no/such/path" not in text
    assert count(text, "space_jax_batch_inputs_sum") == 2 + count(before, "space_jax_batch_inputs_sum")
    assert count(text, "space_jax_waiting_inputs") == 0


def count(text, name):
    return next((float(line.split()[-1]) for line in text.splitlines() if line.startswith(name)), 0.0)
