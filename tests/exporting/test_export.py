"""Exported folders against the runs that they are of, as their own libraries load them."""

import json
import sys

import numpy as np
import pytest
import scipy.special
import yaml

from space_jax.api.finetuned import Finetuned
from space_jax.api.pretrained import Pretrained
from space_jax.cli import main
from space_jax.config import Space1Config, Space2Config, Space3Config
from space_jax.convert.state_files import SAFETENSORS, read_state, write_safetensors
from space_jax.errors import UserError
from space_jax.exporting import export as exporting
from space_jax.exporting.export import export
from space_jax.exporting.exportable import read_exportable
from space_jax.tasks.intent.config import IntentConfig
from space_jax.tasks.workdir import SUPPORT, write_arrays
from space_jax.training.initial_weights import read_weights
from tests.exporting.runs import INTENTS, ROWS, write_finetuned, write_pretrained

transformers = pytest.importorskip("transformers", reason="pip install 'space-jax[export]'")
sentence_transformers = pytest.importorskip("sentence_transformers", reason="pip install 'space-jax[export]'")
pytestmark = pytest.mark.filterwarnings("ignore")  # of these libraries

TEXTS = [*(text for text, _ in ROWS), "[SEP] two [CLS] <sos_u>", "table " * 20]


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def exported(finetuned, tmp_path_factory):
    """Name of FINETUNED -> the folder of its export, and what the export said."""
    made = {}

    def of(name):
        if name not in made:
            out = tmp_path_factory.mktemp("exports") / "out"
            made[name] = out, export(finetuned(name), out, licence="apache-2.0")
        return made[name]

    return of


@pytest.mark.parametrize(
    "name", ["mean", "summary", "learned summary", pytest.param("mean of a dialogue", marks=pytest.mark.slow)]
)
def test_a_classifier_in_a_pipeline_and_as_sentence_vectors(finetuned, exported, name):
    out, said = exported(name)
    assert (said.kind, said.step, said.source) == ("classifier", 3, "the run's validation data")
    ours = Finetuned.load(finetuned(name), batch_size=8)
    pipeline = transformers.pipeline("text-classification", str(out), device="cpu", truncation=True, top_k=None)
    for text, found, expected in zip(TEXTS, pipeline(TEXTS, batch_size=3), ours.predict(TEXTS), strict=True):
        best = expected.get("nearest", expected["label"])
        assert found[0]["label"] == best, text
        scores = {one["label"]: one["score"] for one in found}
        assert scores == pytest.approx(
            {best: expected["score"]} | {o["label"]: o["score"] for o in expected["next"]}, abs=1e-5
        )
    vectors = sentence_transformers.SentenceTransformer(str(out), device="cpu").encode(TEXTS)
    np.testing.assert_allclose(vectors, unit(ours.embed(TEXTS)), atol=1e-5)


@pytest.mark.parametrize("name", ["slots", "slots of a dialogue"])
def test_a_tagger_in_a_pipeline(finetuned, exported, name):
    out, said = exported(name)
    assert said.kind == "tagger"
    assert any("requested" in remark for remark in said.remarks)
    pipeline = transformers.pipeline("token-classification", str(out), device="cpu", ignore_labels=[])
    labels = set()
    for text, expected in zip(TEXTS[:3], Finetuned.load(finetuned(name)).predict(TEXTS[:3]), strict=True):
        found = pipeline(text)
        assert [text[one["start"] : one["end"]] for one in found] == text.split()
        covered = {}
        for span in expected["spans"]:
            for word in range(len(found)):
                if span["start"] <= found[word]["start"] < span["end"]:
                    covered.setdefault(word, set()).add(span["slot"])
        for word, one in enumerate(found):
            slots = covered.get(word, {"O"})
            assert len(slots) > 1 or one["entity"].split("-")[-1] in slots
            labels.add(one["entity"])
    assert len(labels) > 1


def test_the_settings_and_the_card(exported):
    out, said = exported("mean")
    settings = json.loads((out / "space_jax.json").read_text())
    assert (settings["threshold"], settings["out_of_scope_label"], settings["temperature"]) == (0.25, "oos", 1.0)
    assert (settings["max_tokens"], settings["vector"], settings["step"]) == (10, "sentence", 3)
    head, _, body = (out / "README.md").read_text()[4:].partition("\n---\n")
    front = yaml.safe_load(head)
    assert front["base_model"] == "sentence-transformers/all-MiniLM-L6-v2"
    assert (front["license"], front["pipeline_tag"], front["metrics"]) == (
        "apache-2.0",
        "text-classification",
        ["accuracy"],
    )
    assert front["model-index"][0]["results"][0]["metrics"] == [{"type": "accuracy", "value": 0.75}]
    for part in (
        "`ask`, `book`, `cancel`",
        "highest accuracy on validation",
        "below the threshold",
        "step 3",
        "float16",
    ):
        assert part in body
    assert str(out.parent) not in body
    assert {one.what.rpartition(", ")[2] for one in said.differences} == {"transformers", "sentence-transformers"}
    assert sorted(path.name for path in (out / "encoder").iterdir())[-1] == "tokenizer_config.json"


def test_an_export_is_weights_for_a_new_run(exported):
    """Its tokenizer and encoder are read back as those of any BERT."""
    weights = read_weights(str(exported("mean")[0] / "encoder"))
    assert weights.tokenizer.encode("a table") == [weights.tokenizer.pieces.index(word) for word in ("a", "table")]


@pytest.mark.parametrize(
    ("recipe", "vector"),
    [
        pytest.param(Space1Config(), "", marks=pytest.mark.slow),
        (Space2Config(subspace=8), ""),
        (Space3Config(), "mean"),
    ],
)
def test_a_pretrained_encoder(tmp_path, tokenizer, tiny_model, recipe, vector):
    run = write_pretrained(tmp_path / "run", recipe, tokenizer, tiny_model)
    given = ["--vector", vector] if vector else []
    (tmp_path / "texts.txt").write_text("the hotel\nseven people at the table at the time for two\n")
    arguments = ["export", "--workdir", str(run), "--out", str(tmp_path / "out"), *given]
    assert main([*arguments, "--check", str(tmp_path / "texts.txt"), "--json"]) == 0
    model = sentence_transformers.SentenceTransformer(str(tmp_path / "out"), device="cpu")
    assert model.max_seq_length == 8 + (3 if recipe.name == "space2" else 2)
    if not vector:  # the one that `load` gives; of a longer text the last tokens
        np.testing.assert_allclose(model.encode(TEXTS), unit(Pretrained.load(run).embed(TEXTS)), atol=1e-5)


@pytest.mark.parametrize(
    ("task", "recipe", "vector", "reason"),
    [
        ({}, "space3", "", r"five prompts.* nearest is `mean`.*--config\.task\.vector=mean"),
        ({"vector": "mean"}, "space1", "", "learned summary.* nearest is `summary`"),
        ({"head": "knn"}, None, "", "head=knn.*`--vector sentence` exports the vectors"),
    ],
)
def test_what_no_bert_expresses_is_refused(tmp_path, tokenizer, tiny_model, task, recipe, vector, reason):
    run = write_finetuned(tmp_path / "run", IntentConfig(max_tokens=8, **task), INTENTS, tokenizer, tiny_model, recipe)
    with pytest.raises(UserError, match=reason):
        export(run, tmp_path / "out", vector=vector)
    assert not (tmp_path / "out").exists()


def test_prompts_and_their_nearest(tmp_path, tokenizer, tiny_model, capsys):
    run = write_pretrained(tmp_path / "run", Space3Config(), tokenizer, tiny_model)
    assert main(["export", "--workdir", str(run), "--out", str(tmp_path / "out")]) == 2
    assert "`--vector mean`" in capsys.readouterr().err


def test_a_refitted_head_is_the_one_that_predicts(tmp_path, tokenizer, tiny_model):
    run = write_finetuned(tmp_path / "run", IntentConfig(max_tokens=8, refit=True), INTENTS, tokenizer, tiny_model)
    rng = np.random.default_rng(3)
    head = {"kernel": rng.normal(size=(16, 3)).astype(np.float32), "bias": rng.normal(size=3).astype(np.float32)}
    write_arrays(run / SUPPORT, head)
    model = read_exportable(run, "best")
    np.testing.assert_array_equal(model.head.kernel, head["kernel"])
    logits = model.vectors(TEXTS) @ head["kernel"] + head["bias"]
    np.testing.assert_allclose(model.scores(TEXTS), scipy.special.softmax(logits, axis=1), atol=1e-6)


def test_a_head_that_nothing_trained_is_not_exported(tmp_path, tokenizer, tiny_model):
    task = IntentConfig(max_tokens=8, head_start="random")
    run = write_finetuned(tmp_path / "run", task, INTENTS, tokenizer, tiny_model, step=0)
    for step in ("best", "0"):
        with pytest.raises(UserError, match=r"step 0, before training \(newly initialised and never trained: head\)"):
            export(run, tmp_path / "out", step=step)
    assert not (tmp_path / "out").exists()


def test_an_export_that_differs_is_not_written(tmp_path, finetuned, monkeypatch):
    write = exporting.write_model

    def wrong(folder, model):
        write(folder, model)
        state = read_state(folder)
        state["classifier.bias"] = state["classifier.bias"] + np.array([0.0, 0.1, 0.0], np.float32)
        write_safetensors(folder / SAFETENSORS, state)

    monkeypatch.setattr(exporting, "write_model", wrong)
    with pytest.raises(UserError, match=r"differs from the run \(probabilities, transformers: .*at most 0.0001\)"):
        export(finetuned("summary"), tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_mistakes(tmp_path, finetuned, monkeypatch):
    run = finetuned("mean")
    for given, said in (
        ({"int8": True}, "int8 is of ONNX"),
        ({"format": "gguf"}, "'gguf' is not one of huggingface, onnx"),
        ({"vector": "prompt"}, "'prompt' is not one of summary, mean, sentence"),
        ({"utterances": 0}, "0 utterances are none"),
        ({"check": tmp_path / "no.csv"}, "found no file of that name"),
    ):
        with pytest.raises(UserError, match=said):
            export(run, tmp_path / "out", **given)
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(UserError, match=r"needs transformers; pip install 'space-jax\[export\]'"):
        export(run, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_onnx(tmp_path, finetuned):
    for name in ("onnx", "onnxruntime", "onnxscript"):
        pytest.importorskip(name, reason="pip install 'space-jax[onnx]'")
    said = export(finetuned("mean"), tmp_path / "out", format="onnx", int8=True)
    compared = {one.what: one for one in said.differences}
    assert compared["probabilities, onnxruntime"].largest < 1e-5
    assert compared["probabilities, onnxruntime int8"].limit is None
    assert any("accuracy" in remark for remark in said.remarks)
    assert sorted(path.name for path in (tmp_path / "out" / "onnx").iterdir()) == ["model.onnx", "model_int8.onnx"]
