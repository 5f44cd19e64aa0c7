"""Suggestions of a fine-tuned run: its predictions, of utterances that it is least sure of."""

import pytest

from space_jax.api.labelling import suggest
from space_jax.tasks.intent.records import IntentRecord
from space_jax.tasks.predictor import Predictor
from tests.tasks.intent.conftest import rows, write_jsonl


def test_the_least_sure_come_first_with_what_the_model_says(finished, tmp_path):
    pool = [{"id": row["id"], "text": row["text"]} for row in rows(0, 27)]
    path = write_jsonl(tmp_path / "pool.jsonl", [*pool, {"id": "known", "text": "get the taxi", "label": "book"}])
    found = suggest(finished[0], path, 99)
    assert len(found) == 27
    records = [IntentRecord(one.id, one.text) for one in found]
    said = Predictor(finished[0]).predict_records(records)
    for one, truth in zip(found, said, strict=True):
        assert (one.label, one.second) == (truth["label"], truth["next"][0]["label"])
        assert one.score == pytest.approx(truth["score"], abs=1e-5)
    margins = [one["score"] - one["next"][0]["score"] for one in said]
    assert margins == pytest.approx(sorted(margins), abs=1e-5)
