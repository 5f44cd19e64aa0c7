"""Sentence vectors of a BERT as it is: each text for itself, however it is batched."""

import numpy as np
import pytest

from space_jax.api.sentences import LONGEST, Sentences
from space_jax.convert.minilm import MINILM
from space_jax.dialogue.record import SYSTEM, USER, Dialogue, Turn
from space_jax.errors import UserError
from tests.convert.bert_folder import HIDDEN, PIECES, bert_state, write_bert_folder


@pytest.fixture(scope="module")
def sentences(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights") / "bert"
    return Sentences.load(str(write_bert_folder(folder, bert_state(positions=40), PIECES, num_attention_heads=2)))


def test_each_text_for_itself(sentences):
    texts = ["a hotel", "hotels ?", "a", "a hotel a hotel a", *["hotel"] * 70]
    vectors = sentences.embed(texts)
    assert (vectors.shape, vectors.dtype) == ((74, HIDDEN), np.float32)
    alone = np.concatenate([sentences.embed([text]) for text in texts[:4]])
    np.testing.assert_allclose(vectors[:4], alone, atol=1e-5)
    np.testing.assert_allclose(vectors[4:], np.repeat(vectors[4:5], 70, axis=0), atol=1e-5)
    assert len({tuple(row.round(3)) for row in vectors}) == 5
    assert sentences.embed([]).shape == (0, HIDDEN)


def test_turns_with_words(sentences):
    talk = Dialogue("a", (Turn(USER, "a hotel"), Turn(SYSTEM, " "), Turn(SYSTEM, "?"), Turn(USER, "a hotel")))
    vectors = sentences.embed_turns([talk, talk])
    np.testing.assert_array_equal(vectors, sentences.embed(["a hotel", "?"])[[0, 1, 0, 0, 1, 0]])


def test_a_long_text_is_cut(sentences):
    long, longer = sentences.embed([f"{'a ' * 50}", f"{'a ' * 50}{'hotel ' * 50}"])
    np.testing.assert_allclose(long, longer, atol=1e-5)
    assert LONGEST > 40


@pytest.mark.slow
def test_minilm_gives_its_own_sentence_vectors():
    transformers = pytest.importorskip("sentence_transformers", reason="the extra minilm is not installed")
    from space_jax.convert.minilm import minilm_folder

    texts = ["I'd like to book a table for two.", "Thanks!", "Größe und naïve words, 12:30"]
    theirs = transformers.SentenceTransformer(str(minilm_folder()), device="cpu").encode(texts)
    ours = Sentences.load(MINILM).embed(texts)
    np.testing.assert_allclose(ours / np.linalg.norm(ours, axis=1, keepdims=True), theirs, atol=2e-4)


def test_weights_that_have_no_sentences(tmp_path):
    with pytest.raises(UserError, match="not a folder of weights"):
        Sentences.load(str(tmp_path))
