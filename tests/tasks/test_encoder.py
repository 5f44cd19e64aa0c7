"""Vectors of utterances: packing changes none of them, and the mean is that of the tokens."""

import jax
import numpy as np
import pytest

from space_jax.tasks.encoder import Encoder, resolve_vector
from space_jax.tasks.text_packing import USER_ROLE, Shape, dialogue_layout, pack

TEXTS = ([70, 71, 72], [73], [74, 75, 76, 77])


@pytest.mark.parametrize(
    ("vector", "recipe"),
    [("prompt", "space3"), ("summary", "space2"), ("summary", "space1"), ("mean", "space1"), ("sentence", None)],
)
def test_a_vector_does_not_depend_on_its_neighbours(tiny_model, tokenizer, vector, recipe):
    examples = [dialogue_layout(tokenizer, [(USER_ROLE, ids)], 12, recipe) for ids in TEXTS]
    shape = Shape(12, 3)
    placements = ([[0, 1], [2]], [[2, 1], [0]])
    encoder = Encoder(tiny_model, vector, recipe)
    first, second = (pack(examples, 4, shape, placed) for placed in placements)
    variables = encoder.init(jax.random.key(0), first, method="vectors")
    run = jax.jit(lambda batch: encoder.apply(variables, batch, method="vectors"))
    vectors = np.asarray(run(first))
    np.testing.assert_allclose(vectors, run(second), atol=1e-5)
    assert not vectors[3].any()
    assert np.abs(vectors[0] - vectors[1]).max() > 1e-3
    if vector == "mean":
        outputs = np.asarray(encoder.apply(variables, first, method="tokens"))
        np.testing.assert_allclose(vectors[1], outputs[0, 4:6].mean(axis=0), atol=1e-5)  # the second of the first row


def test_the_vector_is_what_the_weights_were_trained_for():
    assert [resolve_vector("auto", recipe) for recipe in ("space3", "space2", None)] == [
        "prompt",
        "summary",
        "sentence",
    ]
    assert resolve_vector("mean", "space3") == "mean"
