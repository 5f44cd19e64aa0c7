"""Held-out metrics against plain loops, with another batching, and without labels."""

import dataclasses
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from space_jax.config import MeshConfig
from space_jax.errors import UserError
from space_jax.features.batch import measured_unlabelled
from space_jax.losses.sums import Sum
from space_jax.models.recipe import Partial
from space_jax.models.registry import make_recipe
from space_jax.training.evaluate import Evaluator, loss_metrics, neighbour_metrics
from space_jax.training.mesh import make_mesh
from space_jax.training.optimiser import make_optimiser
from space_jax.training.state import init_state
from tests.training.tiny import MODEL, RECIPES, tiny_batch
from tests.training.toy import ToyRecipe, micro, split_batch, toy_batch, toy_config

RULES = MeshConfig().rules


class TwoTerms:
    coefficients = {"response": 1.0, "views": 5.0, "acts": 0.5, "masked": 0.1}
    view_terms = ("views",)
    generation_terms = ("response",)
    accuracies = ()


class Pair:
    def __init__(self, total, weight):
        self.total, self.weight = total, weight


def test_sums_are_divided_once_and_a_term_of_nothing_is_left_out():
    batches = [
        {"response": Pair(6.0, 2.0), "views": Pair(9.0, 1.0), "acts": Pair(0.0, 0.0), "masked": Pair(0.0, 0.0)},
        {"response": Pair(2.0, 2.0), "views": Pair(9.0, 1.0), "acts": Pair(4.0, 1.0), "masked": Pair(0.0, 0.0)},
    ]
    metrics = loss_metrics(TwoTerms(), batches)
    assert metrics == {
        "loss": 2.0 + 5.0 * 9.0 + 0.5 * 4.0,
        "term/response": 2.0,
        "term/views": 9.0,
        "term/acts": 4.0,
        "perplexity": pytest.approx(math.exp(2.0)),
    }


def vectors(understanding, acts, dialogue, **others):
    count = len(understanding)
    tree = np.zeros((count, 10, 2), np.int32)
    tree[:, :, 0] = np.argmax(acts, -1)[:, None] + 1
    known = np.ones(count, bool)
    return {
        "understanding": np.array(understanding, float),
        "acts": np.array(acts, float),
        "tree": tree,
        "dialogue": np.array(dialogue),
        "tree_known": known,
        "acts_known": known,
        **{name: np.array(value, float) for name, value in others.items()},
    }


def test_retrieval_and_acts_by_vote():
    queries = vectors([[1, 0], [0, 1]], [[1, 0], [1, 0]], [1, 2])
    bank = vectors([[2, 0], [0, 3]], [[1, 0], [0, 1]], [3, 4])
    metrics = neighbour_metrics(queries, bank)
    assert (metrics["retrieval_intent"], metrics["retrieval_tree"]) == (0.5, 0.5)
    # Both neighbours vote, each act has half of the votes and is predicted: 2 hits of 4 predictions and 2 truths.
    assert metrics["act_f1"] == pytest.approx(2 * 2 / (4 + 2))


def test_an_act_head_is_asked_before_the_neighbours():
    queries = vectors([[1, 0]], [[1, 0]], [1], act_logits=[[3.0, -3.0]])
    bank = vectors([[1, 0]], [[0, 1]], [2], act_logits=[[0.0, 0.0]])
    assert neighbour_metrics(queries, bank)["act_f1"] == 1.0


def test_the_policy_vector_votes_before_the_understanding_vector():
    queries = vectors([[1, 0]], [[1, 0]], [9], policy=[[0, 1]])
    dialogues = list(range(10))
    acts = [[1, 0]] * 5 + [[0, 1]] * 5
    bank = vectors([[0, 1]] * 5 + [[1, 0]] * 5, acts, dialogues, policy=[[0, 1]] * 5 + [[1, 0]] * 5)
    assert neighbour_metrics(queries, bank)["act_f1"] == 1.0


def test_acts_are_measured_where_they_are_known_and_trees_where_those_are():
    queries = vectors([[1, 0], [0, 1]], [[1, 0], [0, 1]], [1, 2]) | {"acts_known": np.array([True, False])}
    bank = vectors([[1, 0], [1, 0]], [[1, 0], [0, 1]], [3, 4]) | {"acts_known": np.array([True, False])}
    metrics = neighbour_metrics(queries, bank)
    assert metrics["act_f1"] == 1.0
    assert metrics["retrieval_intent"] == 0.5  # both queries
    assert set(neighbour_metrics(queries, bank | {"tree_known": np.zeros(2, bool)})) == {"act_f1"}
    assert set(neighbour_metrics(queries | {"acts_known": np.zeros(2, bool)}, bank)) == set(metrics) - {"act_f1"}


def test_nothing_is_said_about_nothing():
    some = vectors([[1, 0]], [[1, 0]], [1])
    assert neighbour_metrics(some, {}) == {}
    assert neighbour_metrics({name: array[:0] for name, array in some.items()}, some) == {}


def started(recipe, batch, mesh):
    return init_state(recipe, make_optimiser(toy_config().optimiser, 4), micro(batch), 0, RULES, mesh).params


def test_batching_and_mesh_do_not_change_the_additive_metrics():
    recipe = ToyRecipe()
    whole = toy_batch(0, examples=16)
    halves = [jax.tree.map(lambda array, a=a: array[a : a + 1], split_batch(whole, 2)) for a in range(2)]
    results = []
    for devices, batches in ((jax.devices()[:1], [whole]), (None, halves)):
        mesh = make_mesh(MeshConfig(), devices)
        results.append(Evaluator(recipe, RULES, mesh, batches, batches)(started(recipe, whole, mesh)))
    for name in ("term/response", "term/acts", "perplexity", "retrieval_intent", "act_f1"):
        assert results[0][name] == pytest.approx(results[1][name], rel=1e-5), name


class TellsLabels(ToyRecipe):
    """A loss of which the whole batch's labelled flags can be read, as a binary number."""

    coefficients = {"labelled": 1.0}
    generation_terms = ()
    accuracies = ()

    def forward(self, params, batch, keys):
        partial = super().forward(params, batch, keys)
        known = batch.acts_known & batch.user_tree_known & batch.system_tree_known
        return Partial({}, {**partial.features, "labelled": known})

    def finish(self, terms, features):
        flags = features["labelled"].reshape(-1).astype(jnp.float32)
        return {"labelled": Sum((flags * 2.0 ** jnp.arange(len(flags))).sum(), jnp.ones(()))}


def test_losses_take_every_second_dialogue_as_unlabelled_and_retrieval_all_labels():
    mesh, batch = make_mesh(MeshConfig(), jax.devices()[:1]), toy_batch(0, accumulate=2)
    known = np.array([[1, 1, 1, 0], [0, 1, 1, 1]], bool)
    batch = batch.replace(acts_known=known, user_tree_known=known, system_tree_known=known)
    assert batch.dialogue.tolist() == [[0, 1, 2, 3], [4, 5, 6, 7]]
    evaluator = Evaluator(TellsLabels(), RULES, mesh, [batch], [batch])
    params = started(TellsLabels(), batch, mesh)
    # Labelled and of an even dialogue, whose spans the pipeline masks: examples 0, 2 and 6.
    assert evaluator(params)["term/labelled"] == 2**0 + 2**2 + 2**6
    assert measured_unlabelled(batch.dialogue).tolist() == [[False, True] * 2] * 2
    measured = evaluator._annotated(params, evaluator._batches)
    for fact in ("tree_known", "acts_known"):
        assert measured["dialogue"][measured[fact]].tolist() == [0, 1, 2, 5, 6, 7]


class SeesShapes(ToyRecipe):
    """Notes how many examples each application of the model gets."""

    def __init__(self):
        super().__init__()
        self.seen = set()

    def _hidden(self, params, batch, keys):
        self.seen.add(batch.valid.shape)
        return super()._hidden(params, batch, keys)


def test_an_evaluation_runs_in_micro_batches():
    recipe, mesh = SeesShapes(), make_mesh(MeshConfig(), jax.devices()[:1])
    batches = [toy_batch(seed, accumulate=4) for seed in range(2)]
    Evaluator(recipe, RULES, mesh, batches, batches)(started(recipe, batches[0], mesh))
    assert recipe.seen == {(2,)}


TOY = (ToyRecipe(), lambda accumulate: split_batch(toy_batch(0), accumulate))
# Without dropout, whose bits follow the micro-batches.
SPACE2 = (make_recipe(dataclasses.replace(MODEL, dropout=0.0), RECIPES["space2"]), lambda a: tiny_batch("space2", a))


@pytest.mark.parametrize(("recipe", "batch"), [TOY, SPACE2], ids=["toy", "space2"])
def test_accumulation_does_not_change_the_metrics(recipe, batch):
    """Also not those that compare examples: every example of the batch is contrasted with every other."""
    mesh = make_mesh(MeshConfig(), jax.devices()[:1])
    params = started(recipe, batch(1), mesh)
    results = [Evaluator(recipe, RULES, mesh, [batch(a)], [batch(a)])(params) for a in (1, 2)]
    assert {"loss", "act_f1", "retrieval_tree"} <= set(results[0])
    assert results[1] == pytest.approx(results[0], rel=1e-5, abs=1e-6)


def test_a_held_out_batch_is_needed():
    with pytest.raises(UserError, match="no batch to evaluate on"):
        Evaluator(ToyRecipe(), RULES, make_mesh(MeshConfig()), [], [])


class TwoViews(ToyRecipe):
    """Beside the toy's terms one that compares two dropout views, and one that a trained model has brought to 0."""

    coefficients = {**ToyRecipe.coefficients, "agree": 1.0, "learnt": 1.0}

    def forward(self, params, batch, keys):
        one, two = (
            self._hidden(params, batch, {"dropout_view_1": keys[view]} if keys else {})
            for view in ("dropout_view_1", "dropout_view_2")
        )
        partial = super().forward(params, batch, keys)
        count = jnp.asarray(float(one.size))
        knows = jnp.abs(params["norm_scale"]).mean() > 0.5
        dropped = jnp.where(knows, jnp.square(one).sum() if keys else 0.0, count)
        terms = {"agree": Sum(jnp.square(one - two).sum(), count), "learnt": Sum(dropped, count)}
        return Partial({**partial.terms, **terms}, partial.features)


def evaluated(recipe):
    mesh, batch = make_mesh(MeshConfig(), jax.devices()[:1]), toy_batch(0)
    return Evaluator(recipe, RULES, mesh, [batch], [])(started(recipe, batch, mesh))


def test_a_term_that_compares_views_must_be_named():
    with pytest.raises(UserError) as refused:
        evaluated(TwoViews())
    said = str(refused.value)
    assert said.startswith("TwoViews: the term 'agree' is 0 without dropout and ")
    assert said.endswith("held-out measures would report 0; name it in view_terms")


def test_named_it_is_measured_and_a_term_that_was_learnt_may_be_0():
    class Named(TwoViews):
        view_terms = ("agree",)

    metrics = evaluated(Named())
    assert metrics["term/agree"] > 0.01
    assert metrics["term/learnt"] == 0.0


@pytest.mark.parametrize("group", ["view_terms", "generation_terms", "accuracies"])
def test_a_name_that_is_no_term_is_refused(group):
    recipe = ToyRecipe()
    setattr(recipe, group, ("agrees",))
    with pytest.raises(UserError, match=rf"ToyRecipe\.{group}: 'agrees' is not a term; terms are response, "):
        evaluated(recipe)
