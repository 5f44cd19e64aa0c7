"""The utterances of a check: from a file, of the run's validation, or of the simulated world."""

import dataclasses
from types import SimpleNamespace

import pytest

from space_jax.config import ModelConfig, PretrainConfig, Space3Config
from space_jax.errors import UserError
from space_jax.exporting.utterances import HARD, sample
from space_jax.tasks.config import DataSource, FinetuneConfig
from space_jax.tasks.intent.config import IntentConfig


@pytest.fixture
def model(tmp_path):
    (tmp_path / "validation.csv").write_text("said,label\n" + "".join(f"text {n},l{n % 2}\n" for n in range(10)))
    data = DataSource(train="gone.csv", validation=str(tmp_path / "validation.csv"))
    return SimpleNamespace(config=FinetuneConfig(IntentConfig(text_field="said"), data))


def test_of_validation_evenly(model):
    drawn = sample(model, None, 5)
    assert drawn.texts == (*(f"text {n}" for n in (0, 2, 4, 6, 8)), *HARD)
    assert drawn.labels == (*["l0"] * 5, *[None] * len(HARD))
    assert drawn.source == "the run's validation data"
    assert len(sample(model, None, 50).texts) == 10 + len(HARD)


def test_of_the_simulated_world_where_there_is_no_data(model):
    gone = dataclasses.replace(model.config, data=DataSource(train="a.csv", validation="gone.csv"))
    for config in (gone, PretrainConfig(Space3Config(), ModelConfig())):
        drawn = sample(SimpleNamespace(config=config), None, 7)
        assert (len(drawn.texts), drawn.source) == (7 + len(HARD), "the simulated world")
        assert len(set(drawn.texts)) == len(drawn.texts)


def test_of_a_file(model, tmp_path):
    (tmp_path / "lines.txt").write_text("one\n\ntwo\n")
    assert sample(model, tmp_path / "lines.txt", 9).texts[: -len(HARD)] == ("one", "two")
    (tmp_path / "rows.jsonl").write_text('{"said": "one", "label": "l1"}\n{"said": ""}\nnot json\n{"said": "two"}\n')
    drawn = sample(model, tmp_path / "rows.jsonl", 9)
    assert (drawn.texts[:2], drawn.labels[:2], drawn.source) == (("one", "two"), ("l1", None), "rows.jsonl")
    for name, content, said in (
        ("no.csv", "text\none\n", "in the field 'said'"),
        ("no.txt", "\n", "a text on each line"),
    ):
        (tmp_path / name).write_text(content)
        with pytest.raises(UserError, match=said):
            sample(model, tmp_path / name, 9)
