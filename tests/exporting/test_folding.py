"""Our encoder as a BERT and our tokenizer as a file, against ours, by NumPy and by the library of tokenizers."""

import jax
import numpy as np
import pytest
import tokenizers

from space_jax.errors import UserError
from space_jax.exporting.folding import fold
from space_jax.exporting.reference import EncoderVectors, unit
from space_jax.exporting.text_layout import FIRST, text_layout
from space_jax.exporting.tokenizer_file import require_wordpiece, write_tokenizer
from space_jax.models.weights import Weights, by_path, without_vocabulary_padding
from space_jax.tasks.encoder import Encoder
from space_jax.tasks.text_packing import Shape, pack
from space_jax.training.sharding import unbox
from tests.exporting.numpy_bert import outputs
from tests.exporting.runs import random_like

TEXTS = ("the hotel at the north", "two", "seven people for the table at the time none", "[SEP] a <sos_u> [CLS]?")
WAYS = [("space1", "summary"), ("space2", "summary"), ("space2", "mean"), ("space3", "mean"), (None, "sentence")]


@pytest.mark.parametrize("from_end", [False, True])
@pytest.mark.parametrize(("recipe", "vector"), WAYS)
def test_a_tokenizer_file_puts_our_tokens_around_a_text(tmp_path, tokenizer, recipe, vector, from_end):
    layout = text_layout(tokenizer, recipe, vector, 4, from_end)
    write_tokenizer(tmp_path, tokenizer, layout)
    theirs = tokenizers.Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    for text in TEXTS:
        assert theirs.encode(text).ids == layout.around(tokenizer.encode(text)), text
    pair = theirs.encode("a", "two")
    assert pair.ids == [*layout.around(tokenizer.encode("a")), *tokenizer.encode("two"), *layout.closing]
    assert pair.type_ids == [0] * len(layout.around(tokenizer.encode("a"))) + [1] * (1 + len(layout.closing))


@pytest.mark.parametrize(("recipe", "vector"), WAYS)
def test_a_folded_bert_has_our_vectors(tokenizer, tiny_model, recipe, vector):
    layout, encoder = text_layout(tokenizer, recipe, vector, 8, False), Encoder(tiny_model, vector, recipe)
    batch = pack([], 1, Shape(12, 2))
    abstract = unbox(jax.eval_shape(lambda: encoder.init(jax.random.key(0), batch, method="vectors"))["params"])
    arrays = without_vocabulary_padding(by_path(random_like(abstract, 5)), tiny_model.vocabulary.size)
    weights = Weights(arrays, tiny_model, recipe, tokenizer, "random")
    ours, bert = EncoderVectors(weights, tokenizer, vector, layout)(TEXTS), fold(arrays, tiny_model, layout)
    for text, expected in zip(TEXTS, ours, strict=True):
        ids = np.array(layout.around(tokenizer.encode(text)))
        x = outputs(bert.state, tiny_model.layers, tiny_model.heads, ids)
        np.testing.assert_allclose(
            x[0] if layout.vector == FIRST else x.mean(axis=0), expected, atol=2e-5, err_msg=text
        )
    assert bert.fields["max_position_embeddings"] == tiny_model.positions + layout.summary
    assert bert.fields["type_vocab_size"] == len(bert.state["embeddings.token_type_embeddings.weight"]) == 2
    if layout.dialogue:  # what is of the second type is no other token of a turn
        assert not bert.state["embeddings.token_type_embeddings.weight"].any()


def test_what_has_no_file(tokenizer):
    require_wordpiece(tokenizer, "run")
    with pytest.raises(UserError, match="run: its tokenizer is a SentencePiece model"):
        require_wordpiece(object(), "run")
    with pytest.raises(UserError, match="here: a vector is zero"):
        unit(np.zeros((1, 3), np.float32), "here")
