"""Held-out evaluation: every loss term, perplexity, retrieval by the understanding vectors, dialog acts."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np
from flax import linen as nn
from jax.sharding import Mesh
from jax.typing import ArrayLike

from space_jax.dialogue.labels import FACTS
from space_jax.errors import UserError
from space_jax.evaluation.dialog_acts import micro_f1
from space_jax.evaluation.language_model import perplexity
from space_jax.evaluation.retrieval import constant_levels, nearest, retrieval_accuracy, take_trees, vote_acts
from space_jax.features.batch import Batch, measured_unlabelled
from space_jax.models.heads import responded
from space_jax.models.recipe import Keys, Recipe, Terms
from space_jax.terminal.progress import Told, untold
from space_jax.training.feed import same_shape, to_mesh
from space_jax.training.random_keys import step_keys
from space_jax.training.sharding import Rules, flax_rules, replicated
from space_jax.training.step import accumulate

Vectors = dict[str, np.ndarray]

ACT_VOTERS = 5  # nearest neighbours that vote on dialog acts
_NOTHING, _SOMETHING = 1e-6, 1e-4  # means of a term that compares two equal views, and two different ones
VIEWS_SEED = 0  # seed of the dropout views in every evaluation, independent of the run's seed


class Evaluator:
    """Evaluates the parameters of one recipe with programs that are compiled once.

    The terms that compare two dropout views are measured with the same dropout at every evaluation, all others without
    dropout. The losses treat about every second dialogue as unlabelled (`measured_unlabelled`), so that the terms of
    both streams are measured; retrieval and dialog acts use all labels. Batches are divided into micro-batches as in
    training, so that an evaluation needs no more memory than a step; contrastive losses use the whole batch.
    """

    def __init__(self, recipe: Recipe, rules: Rules, mesh: Mesh, batches: Sequence[Batch], bank: Sequence[Batch]):
        """Puts the batches on the mesh, where they stay.

        Args:
          recipe: the model and its loss terms.
          rules: logical axis name -> mesh axes.
          mesh: the device mesh.
          batches: held-out NumPy batches `[A, ...]`, equally many on each process.
          bank: training batches of the same kind; retrieval searches their examples with a known user tree, and those
            with known acts vote on acts.

        Raises:
          UserError: there is no held-out batch.
        """
        self.constant: list[str] = []  # measures left out of the last result because they cannot vary
        if not batches:
            raise UserError("held-out data: there is no batch to evaluate on; prepare a validation split")
        _require_terms(recipe)
        self._recipe, self._mesh = recipe, mesh
        every = [to_mesh(batch, mesh) for batch in same_shape([*batches, *bank])]
        self._batches, self._bank = every[: len(batches)], every[len(batches) :]
        self._terms, self._compared = self._jit(self._forward, rules), self._jit(self._two_views, rules)
        self._vectors = self._jit(self._represent, rules)

    def _jit(self, function: Callable[..., Any], rules: Rules) -> Callable[..., Any]:
        def traced(params: Any, batch: Batch) -> Any:
            with nn.logical_axis_rules(flax_rules(rules)):
                return function(params, batch)

        # Replicated results can be read by every process.
        return jax.jit(traced, out_shardings=replicated(self._mesh))

    def _forward(self, params: Any, batch: Batch) -> Terms:
        labelled = ~measured_unlabelled(batch.dialogue)
        known = {f"{fact}_known": getattr(batch, f"{fact}_known") & labelled for fact in FACTS}
        batch = dataclasses.replace(batch, **known)
        terms = self._terms_under(params, batch, lambda _: {})
        compared = self._two_views(params, batch)
        return {**terms, **{name: compared[name] for name in self._recipe.view_terms}}

    def _two_views(self, params: Any, batch: Batch) -> Terms:
        """The terms under two different dropout masks, as a step of training has them."""
        return self._terms_under(params, batch, lambda index: step_keys(VIEWS_SEED, 0, index))

    def _terms_under(self, params: Any, batch: Batch, keys_of: Callable[[ArrayLike], Keys]) -> Terms:
        terms, features = accumulate(self._recipe, params, batch, keys_of)
        return self._recipe.finish(terms, features)

    def _represent(self, params: Any, batch: Batch) -> dict[str, jax.Array]:
        """Vectors and annotations `[A, B / A, ...]`, computed one micro-batch at a time, like the losses."""
        vectors = jax.lax.map(lambda micro: self._recipe.represent(params, micro), batch)
        return {**vectors, **_annotations(batch)}

    def __call__(self, params: Any, told: Told = untold) -> dict[str, float]:
        """The held-out metrics of `params`; `told` hears how many batches have their losses.

        Returns:
          `loss`, `term/<name>`, the recipe's accuracies by their names, `perplexity` where the recipe generates,
          `retrieval_<level>` (see `retrieval_accuracy`) where held-out and training data have known user trees that are
          not all equal on this level, `act_f1` where both have known acts.
        """
        with jax.set_mesh(self._mesh):
            terms = []
            for number, batch in enumerate(self._batches, start=1):
                terms.append(jax.device_get(self._terms(params, batch)))
                told(number, len(self._batches))
            self._require_views_named(params, terms)
            metrics = loss_metrics(self._recipe, terms)
            queries = self._annotated(params, self._batches)
            bank = self._annotated(params, self._bank)
        compared = neighbour_metrics(queries, bank)
        levels = constant_levels(_trees(queries, bank)) if queries and bank else []
        self.constant = sorted({f"retrieval_{level}" for level in levels} & compared.keys())
        return {**metrics, **{name: value for name, value in compared.items() if name not in self.constant}}

    def _require_views_named(self, params: Any, terms: Sequence[Terms]) -> None:
        """Refuses a term that compares two views but is not one of `view_terms`, since it would be reported as 0.

        Such a term is 0 without dropout whatever the parameters, and not 0 with it. One that a trained model has
        brought down to 0 is not 0 with parameters that know nothing.
        """
        named = self._recipe.view_terms + self._recipe.accuracies
        unnamed = [name for name in _means(terms) if name not in named]
        suspects = [name for name in unnamed if abs(_means(terms)[name]) < _NOTHING]
        if not suspects:
            return
        batch = self._batches[0]
        blank = _means([jax.device_get(self._terms(_knowing_nothing(params), batch))])
        compared = _means([jax.device_get(self._compared(params, batch))])
        for name in suspects:
            if abs(blank.get(name, 1.0)) < _NOTHING and abs(compared.get(name, 0.0)) > _SOMETHING:
                raise UserError(
                    f"{type(self._recipe).__name__}: the term {name!r} is 0 without dropout and {compared[name]:.4g} "
                    "with it, so it compares two dropout views, and held-out measures would report 0; name it in "
                    "view_terms"
                )

    def _annotated(self, params: Any, batches: Sequence[Batch]) -> Vectors:
        """Vectors, trees and acts of the valid examples, one array each."""
        parts = [jax.device_get(self._vectors(params, batch)) for batch in batches]
        if not parts:
            return {}
        return {name: np.concatenate([part[name][part["valid"]] for part in parts]) for name in parts[0]}


@jax.jit
def _knowing_nothing(params: Any) -> Any:
    """Small random numbers in the place of parameters; with zeros, vectors would have no direction."""
    leaves, tree = jax.tree.flatten(params)
    keys = jax.random.split(jax.random.key(VIEWS_SEED), len(leaves))
    drawn = [0.02 * jax.random.normal(key, leaf.shape, leaf.dtype) for key, leaf in zip(keys, leaves, strict=True)]
    return jax.tree.unflatten(tree, drawn)


def _annotations(batch: Batch) -> dict[str, jax.Array]:
    answered = jax.vmap(responded)(batch) > 0
    return {
        "valid": batch.valid,
        "tree": batch.user_tree,
        "tree_known": batch.user_tree_known,
        "acts": batch.acts,
        "acts_known": batch.acts_known & answered,
        "dialogue": batch.dialogue,
    }


def _require_terms(recipe: Recipe) -> None:
    """Refuses names of terms that the recipe does not have."""
    for group in ("view_terms", "generation_terms", "accuracies"):
        for name in getattr(recipe, group):
            if name not in recipe.coefficients:
                terms = ", ".join(recipe.coefficients)
                raise UserError(f"{type(recipe).__name__}.{group}: {name!r} is not a term; terms are {terms}")


def _means(batches: Sequence[Terms]) -> dict[str, float]:
    """The mean of every term that weighs anything: sums over all batches are added before they are divided."""
    totals = {name: float(sum(float(terms[name].total) for terms in batches)) for name in batches[0]}
    weights = {name: float(sum(float(terms[name].weight) for terms in batches)) for name in batches[0]}
    return {name: totals[name] / weight for name, weight in weights.items() if weight}


def loss_metrics(recipe: Recipe, batches: Sequence[Terms]) -> dict[str, float]:
    """The losses over all batches: sums are added before they are divided; terms of weight 0 are omitted.

    Args:
      recipe: provides the coefficients and the names of the generation terms and of the accuracies.
      batches: terms of each batch, on the host.
    """
    means = _means(batches)
    metrics = {"loss": float(sum(recipe.coefficients[name] * mean for name, mean in means.items()))}
    metrics |= {name if name in recipe.accuracies else f"term/{name}": mean for name, mean in means.items()}
    generated = [terms[name] for terms in batches for name in recipe.generation_terms]
    tokens = float(sum(float(term.weight) for term in generated))
    if tokens:
        metrics["perplexity"] = perplexity(float(sum(float(term.total) for term in generated)), tokens)
    return metrics


def neighbour_metrics(queries: Vectors, bank: Vectors) -> dict[str, float]:
    """Retrieval and dialog acts of held-out examples, given training examples; each needs known annotation.

    Acts come from the recipe's act head (a logit above 0) if it has one, else from a vote of the nearest neighbours by
    policy vector, or by understanding vector if there is no policy vector.

    Args:
      queries: `understanding` `[Q, H]`, optionally `policy` and `act_logits`; `tree`, `acts`, `dialogue`; bool
        `tree_known` and `acts_known`.
      bank: the same for the training examples.

    Returns:
      `retrieval_<level>` and `act_f1`, each if both sides have examples for it.
    """
    if not queries or not bank:
        return {}
    retrieval = _retrieval(_where("tree_known", queries), _where("tree_known", bank))
    return retrieval | _act_f1(_where("acts_known", queries), _where("acts_known", bank))


def _trees(queries: Vectors, bank: Vectors) -> np.ndarray:
    return np.concatenate([_where("tree_known", side)["tree"] for side in (queries, bank)])


def _where(known: str, vectors: Vectors) -> Vectors:
    return {name: array[vectors[known]] for name, array in vectors.items()}


def _retrieval(queries: Vectors, bank: Vectors) -> dict[str, float]:
    if not len(queries["tree"]) or not len(bank["tree"]):
        return {}
    trees = take_trees(bank["tree"], _neighbours(queries, bank, "understanding", 1)[:, 0])
    return {f"retrieval_{name}": value for name, value in retrieval_accuracy(queries["tree"], trees).items()}


def _act_f1(queries: Vectors, bank: Vectors) -> dict[str, float]:
    if not len(queries["acts"]) or not len(bank["acts"]):
        return {}
    if "act_logits" in queries:
        predicted = queries["act_logits"] > 0
    else:
        name = "policy" if "policy" in queries else "understanding"
        predicted = vote_acts(bank["acts"], _neighbours(queries, bank, name, ACT_VOTERS))
    return {"act_f1": micro_f1(predicted, queries["acts"])}


def _neighbours(queries: Vectors, bank: Vectors, name: str, count: int) -> np.ndarray:
    return nearest(queries[name], bank[name], queries["dialogue"], bank["dialogue"], count)
