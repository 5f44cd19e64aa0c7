"""`space-jax embed` for pre-trained and fine-tuned runs: the vectors of `load(run).embed`."""

import json

import numpy as np
import pytest

import space_jax
from space_jax.cli import main
from space_jax.config import Space2Config
from space_jax.tasks.intent.config import IntentConfig
from tests.exporting.runs import INTENTS, write_finetuned, write_pretrained
from tests.tasks.conftest import tiny_model, tokenizer  # noqa: F401

TALK = [
    {"role": "user", "text": "a table for two"},
    {"role": "system", "text": "the time ?"},
    {"role": "user", "text": "at seven"},
]
LINES = [
    {"id": "first", "text": "the hotel in the north"},
    {"text": ""},
    {"turns": TALK},
    {"utterance": "a table"},
    {"id": 7, "text": "two"},
]


@pytest.fixture(scope="module", params=["pretrained", "finetuned"])
def run(request, tmp_path_factory, tokenizer, tiny_model):  # noqa: F811
    folder = tmp_path_factory.mktemp("embed") / "run"
    if request.param == "pretrained":
        return write_pretrained(folder, Space2Config(subspace=8), tokenizer, tiny_model)
    return write_finetuned(folder, IntentConfig(max_tokens=8), INTENTS, tokenizer, tiny_model)


def write_lines(path, lines):
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return str(path)


def test_lines_and_arrays(run, tmp_path, capsysbinary):
    model = space_jax.load(run)
    talks = isinstance(model, space_jax.Pretrained)
    given = ["embed", "--workdir", str(run), "--input"]
    assert main([*given, write_lines(tmp_path / "all.jsonl", LINES)]) == 0
    said = [json.loads(line) for line in capsysbinary.readouterr().out.splitlines()]
    assert [one.get("id") for one in said] == ["first", None, "3" if talks else None, None, "7"]
    assert [one.get("line") for one in said] == [None, 2, None if talks else 3, 4, None]
    inputs = [LINES[0]["text"], *([{"turns": TALK}] if talks else []), LINES[4]["text"]]
    expected = model.embed(inputs)
    found = np.array([one["vector"] for one in said if "vector" in one], np.float32)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    usable = write_lines(tmp_path / "usable.jsonl", [LINES[0], LINES[4]])
    assert main([*given, usable, "--out", str(tmp_path / "vectors.npy")]) == 0
    array = np.load(tmp_path / "vectors.npy")
    assert array.dtype == np.float32
    np.testing.assert_allclose(array, expected[[0, -1]], atol=1e-6)


def test_mistakes(run, tmp_path, capsys):
    given = ["embed", "--workdir", str(run), "--input", write_lines(tmp_path / "all.jsonl", LINES), "--out"]
    for out, said in (
        (tmp_path / "vectors.npz", "--out: expected a name that ends in .npy"),
        (tmp_path / "no" / "vectors.npy", "--out: expected an existing folder"),
        (tmp_path / "vectors.npy", "all.jsonl:2"),
    ):
        assert main([*given, str(out)]) == 2
        assert said in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["all.jsonl"]
