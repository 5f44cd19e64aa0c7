"""The head that starts at class means, against its formula."""

import numpy as np
import pytest

from space_jax.tasks.intent.prototypes import prototypes


@pytest.mark.parametrize("common", [0.5, 30.0])
def test_the_logits_are_those_of_the_formula(common):
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(9, 5)).astype(np.float32) + np.float32(common)
    labels = np.array([0, 1, 2] * 2 + [0, 1, -1])
    head = prototypes(vectors, labels, 4, 0.5)
    known = vectors[:8]
    middle = known.mean(axis=0)
    size = np.mean([np.linalg.norm(v - middle) for v in known])
    if common > 1:  # what the vectors share is most of them
        size = np.mean([np.linalg.norm(v) for v in known]) / 2
    query = rng.normal(size=5)
    for c in range(3):
        mean = known[labels[:8] == c].mean(axis=0) - middle
        expected = (query - middle) @ mean / np.linalg.norm(mean) / (size * 0.5)
        np.testing.assert_allclose(query @ head["kernel"][:, c] + head["bias"][c], expected, rtol=1e-3, atol=1e-3)
    assert not head["kernel"][:, 3].any()  # a class without utterances
    assert head["bias"][3] == 0
