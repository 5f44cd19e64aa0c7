"""Groups of vectors: found where they are, as many as there are, refused where there cannot be so many."""

import sys

import numpy as np
import pytest

from space_jax.corpora.dialogue_map.grouping import FEWEST, MOST, _smallest_good, grouped, require_scikit_learn
from space_jax.errors import UserError

pytest.importorskip("sklearn", reason="scikit-learn comes with the extra map")


def corners(count, each=40, noise=0.05):
    """`count` bundles of directions, some of their vectors long."""
    rng = np.random.default_rng(3)
    middles = np.repeat(np.eye(count), each, axis=0)
    return (middles + noise * rng.normal(size=middles.shape)) * rng.uniform(0.5, 5, size=(len(middles), 1))


def test_as_many_groups_as_bundles():
    count = 5
    found = grouped(corners(count))
    assert max(found.silhouettes, key=found.silhouettes.__getitem__) == count
    assert set(found.silhouettes) == set(range(FEWEST, min(MOST, int((40 * count) ** 0.5)) + 1))
    bundles = found.labels.reshape(count, 40)
    assert (bundles == bundles[:, :1]).all()
    assert len(set(bundles[:, 0].tolist())) == count
    assert found.near.min() > 0.9


@pytest.mark.parametrize(
    ("silhouettes", "chosen"),
    [({3: 0.2, 4: 0.4, 5: 0.39}, 4), ({3: 0.39, 4: 0.4}, 3), ({3: -0.3, 4: -0.1, 5: -0.104}, 4), ({3: -1.0}, 3)],
)
def test_fewer_groups_that_are_about_as_good(silhouettes, chosen):
    assert _smallest_good(silhouettes) == chosen


def test_a_number_of_groups_may_be_asked_for():
    found = grouped(corners(4), 2)
    assert set(found.labels.tolist()) == {0, 1}
    assert found.silhouettes == {}
    assert set(grouped(corners(4), 1).labels.tolist()) == {0}


def test_few_and_equal_vectors():
    same = np.ones((50, 3))
    assert set(grouped(same).labels.tolist()) == {0}
    two = np.repeat([[1.0, 0.0], [0.0, 1.0]], 30, axis=0)
    assert grouped(two).labels.tolist() in ([0] * 30 + [1] * 30, [1] * 30 + [0] * 30)
    assert grouped(np.array([[1.0, 2.0]])).labels.tolist() == [0]
    assert np.isfinite(grouped(np.zeros((5, 2))).near).all()
    for count in (0, 3, -1):
        with pytest.raises(UserError, match=rf"^--groups {count}: must be from 1 to 2, as many different turns"):
            grouped(two, count)


def test_the_seed_fixes_the_groups():
    vectors = corners(5, noise=0.4)
    assert (grouped(vectors, 8, seed=4).labels == grouped(vectors, 8, seed=4).labels).all()


def test_without_scikit_learn(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(UserError, match=r"^map: its groups need scikit-learn; pip install 'space-jax\[map\]'$"):
        require_scikit_learn()
