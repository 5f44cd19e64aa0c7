"""Suggestions of a fine-tuned run: its predictions, of utterances that it is least sure of."""

import pytest

from space_jax.api.labelling import suggest
from space_jax.tasks.intent.records import IntentRecord
from space_jax.tasks.predictor import Predictor
from tests.tasks.intent.conftest import rows, write_jsonl


def test_the_least_sure_are_suggested_with_what_the_model_says(finished, tmp_path):
    pool = [{"id": row["id"], "text": row["text"]} for row in rows(0, 27)]
    path = write_jsonl(tmp_path / "pool.jsonl", [*pool, {"id": "known", "text": "get the taxi", "label": "book"}])
    found = suggest(finished[0], path, 3)
    assert len(found) == 3
    records = [IntentRecord(row["id"], row["text"]) for row in pool]
    said = dict(zip((row["id"] for row in pool), Predictor(finished[0]).predict_records(records), strict=True))
    for one in found:
        truth = said[one.id]
        assert (one.label, one.second) == (truth["label"], truth["next"][0]["label"])
        assert one.score == pytest.approx(truth["score"], abs=1e-5)
    margins = {name: one["score"] - one["next"][0]["score"] for name, one in said.items()}
    quarter = sorted(margins.values())[6]  # of 27
    assert all(margins[one.id] <= quarter + 1e-5 for one in found)
