"""The head that starts at class means, against its formula."""

import numpy as np

from space_jax.tasks.intent.prototypes import prototypes


def test_the_logits_are_those_of_the_formula():
    rng = np.random.default_rng(0)
    vectors, labels = rng.normal(size=(9, 5)).astype(np.float32) + 3.0, np.array([0, 1, 2] * 2 + [0, 1, -1])
    head = prototypes(vectors, labels, 4, 0.5)
    known = vectors[:8]
    middle = known.mean(axis=0)
    size = np.mean([np.linalg.norm(v - middle) for v in known])
    query = rng.normal(size=5)
    for c in range(3):
        mean = known[labels[:8] == c].mean(axis=0) - middle
        expected = (query - middle) @ mean / np.linalg.norm(mean) / (size * 0.5)
        np.testing.assert_allclose(query @ head["kernel"][:, c] + head["bias"][c], expected, rtol=1e-4)
    assert not head["kernel"][:, 3].any()  # a class without utterances
    assert head["bias"][3] == 0
