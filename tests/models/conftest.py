"""Small batches of random dialogues, packed several to a row or one to a row, and small models."""

import contextlib
import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from space_jax.config import (
    ModelConfig,
    PalmConfig,
    Space1Config,
    Space2Config,
    Space3Config,
    StarConfig,
    StructBertConfig,
    VecoConfig,
    Vocabulary,
    YuYanConfig,
)
from space_jax.dialogue.labels import Known
from space_jax.features.example import Example
from space_jax.features.grid import Grid, GridShape
from space_jax.features.layout import assemble
from space_jax.features.packing import Item, pack
from space_jax.features.slots import Slots
from space_jax.features.star_items import star_item
from space_jax.models.recipe import total_loss
from space_jax.models.registry import make_recipe

VOCABULARY = Vocabulary(
    size=60,
    summary=1,
    mask=2,
    bos=3,
    eos=4,
    sos_u=5,
    eos_u=6,
    sos_r=7,
    eos_r=8,
    understand=(9, 10, 11),
    policy=(12, 13, 14),
    special=tuple(range(15)),
)
MODEL = ModelConfig(layers=2, hidden=16, heads=2, mlp=32, positions=16, turns=5, dropout=0.2, vocabulary=VOCABULARY)
RECIPES = {
    "space1": Space1Config(),
    "space2": Space2Config(subspace=8),
    "space3": Space3Config(policy_side="both"),
    "structbert": StructBertConfig(),
    "yuyan": YuYanConfig(decoder_layers=1),
    "palm": PalmConfig(),
    "veco": VecoConfig(),
    "star": StarConfig(generator_heads=1),
}
PACKED = Grid(
    examples=5,
    rungs=(GridShape(3, 24, 16),),
    slots=3,
    masked=12,
    words=8,
    tree_elements=4,
    negatives=True,
    masked_responses=True,
    schema=9,
)
ALL, NONE = Known(True, True, True), Known(False, False, False)
UNPACKED = dataclasses.replace(PACKED, rungs=(GridShape(5, 24, 16),), slots=1)
ROOMY = dataclasses.replace(UNPACKED, examples=8, rungs=(GridShape(7, 24, 16),))  # rows and examples to spare


def random_example(rng: np.random.Generator, known: Known, turns: int) -> Example:
    lengths = rng.integers(1, 4, turns).astype(np.int32)
    tree = np.where(rng.random((10, 4)) < 0.5, rng.integers(1, 6, (10, 4)), 0)
    sets = np.stack([np.pad(kept := np.unique(row[row > 0]), (0, 4 - len(kept))) for row in tree]).astype(np.int32)
    return Example(
        turn_tokens=rng.integers(15, 60, lengths.sum()).astype(np.int32),
        turn_lengths=lengths,
        turn_roles=np.array([(turns - i) % 2 for i in range(turns)], np.int32),
        span_mask=rng.random(lengths.sum()) < 0.3,
        response_tokens=rng.integers(15, 60, rng.integers(1, 5)).astype(np.int32),
        user_tree=sets * known.user_tree,
        system_tree=sets[::-1] * known.system_tree,
        acts=(rng.random(20) < 0.2).astype(np.float32) * known.acts,
        known=known,
        dialogue=int(rng.integers(1, 100)),
    )


def make_items(recipe_name: str, known=(ALL, NONE, ALL, ALL, NONE), seed: int = 0) -> list[Item]:
    rng = np.random.default_rng(seed)
    items = []
    for one, turns in zip(known, (1, 3, 2, 3, 1), strict=False):
        layout = assemble(random_example(rng, one, turns), VOCABULARY, recipe_name, PACKED.rungs[-1].context)
        if recipe_name == "star":
            items.append(_with_slots(layout, one, seed, rng))
            continue
        columns = np.flatnonzero(rng.random(len(layout.ids)) < 0.3).astype(np.int32)
        masked = layout.ids.copy()
        masked[columns] = VOCABULARY.mask
        negative = rng.integers(15, 60, 3).astype(np.int32)
        moved, predicted = np.arange(len(columns)) % 2 == 1, np.arange(len(layout.response)) % 3 == 1
        response = np.where(predicted, VOCABULARY.mask, layout.response).astype(np.int32)
        items.append(Item(layout, masked, columns, negative, moved, len(items), response, predicted))
    return items


def _with_slots(layout, known, dialogue: int, rng: np.random.Generator) -> Item:
    """An item for STAR: all of one dialogue, with two or three slots where the tree is known, one of them unused."""
    lengths = rng.integers(1, 3, rng.integers(2, 4) * known.user_tree).astype(np.int32)
    roles = rng.integers(1, 6, len(lengths)).astype(np.int32)
    roles[1:2] = 0
    slots = Slots(rng.integers(15, 60, lengths.sum()).astype(np.int32), lengths, roles)
    example = dataclasses.replace(layout.example, slots=slots, dialogue=dialogue)
    layout = dataclasses.replace(layout, example=example)
    item = star_item(layout, RECIPES["star"], VOCABULARY, PACKED.rungs[-1].context, rng)
    columns = np.flatnonzero((item.slot_numbers == 0) & (np.arange(len(item.masked_ids)) % 3 == 1)).astype(np.int32)
    masked = item.layout.ids.copy()
    masked[columns] = VOCABULARY.mask
    return dataclasses.replace(item, masked_ids=masked, masked_columns=columns)


class Runner:
    """One recipe with its parameters; its loss, terms and gradients of any batch are compiled once."""

    def __init__(self, name: str):
        self.name = name
        self.recipe = make_recipe(MODEL, RECIPES[name])
        batch = pack(make_items(name), PACKED)
        boxed = jax.jit(self.recipe.init)(jax.random.key(0), batch)
        self.params = jax.tree.map(lambda b: b.value, boxed, is_leaf=_boxed)
        self.loss = jax.jit(self._loss)
        self.loss_and_grads = jax.jit(jax.value_and_grad(self._loss, has_aux=True))

    def _loss(self, params, batch, coefficients, keys):
        partial = self.recipe.forward(params, batch, keys)
        terms = self.recipe.finish(partial.terms, jax.tree.map(lambda x: x[None], partial.features))
        return total_loss(terms, coefficients), terms

    def __call__(self, batch, coefficients=None):
        """Deterministic loss, terms and gradients, with other coefficients of the terms if given."""
        coefficients = coefficients or dict(self.recipe.coefficients)
        (loss, terms), grads = self.loss_and_grads(self.params, batch, coefficients, {})
        return float(loss), _sums(terms), grads

    def with_dropout(self, batch, keys):
        """Loss and terms under the keys of dropout; gradients would be most of the compiling."""
        loss, terms = self.loss(self.params, batch, dict(self.recipe.coefficients), keys)
        return float(loss), _sums(terms)


def _sums(terms):
    return {name: np.asarray([term.total, term.weight]) for name, term in terms.items()}


def _boxed(leaf) -> bool:
    return hasattr(leaf, "names")


# These two take longest to compile after SPACE-3, and have files of their own.
SLOW = ("veco", "star")


@pytest.fixture(
    scope="session", params=[pytest.param(name, marks=pytest.mark.slow) if name in SLOW else name for name in RECIPES]
)
def runner(request) -> Runner:
    return Runner(request.param)


@contextlib.contextmanager
def bfloat16_multiplies():
    """Skips a test where products of bfloat16 cannot be computed: by jaxlib 0.7.2 on some processors."""
    try:
        yield
    except jax.errors.JaxRuntimeError as error:
        if "Unsupported element type" not in str(error):
            raise
        pytest.skip("this jaxlib cannot multiply numbers of bfloat16 on this processor")


def assert_float32_logits(run, variables, *inputs, size: float = 50.0) -> None:
    """Holds a head under bfloat16 against the same head under float32, on numbers that bfloat16 has.

    Both then multiply the same numbers, so that only how the products are added up and handed on can differ. The inputs
    are scaled until the largest logit is about `size`, where bfloat16 has steps of 0.25.

    Args:
      run: from (dtype, variables, inputs) to logits; the first input is what is scaled.
      variables: of the head.
      inputs: arrays.
      size: of the largest logit.
    """

    def rounded(tree):
        return jax.tree.map(lambda x: jnp.asarray(x, jnp.bfloat16).astype(jnp.float32), tree)

    variables, (x, *rest) = rounded(variables), inputs
    scale = size / np.abs(run("float32", variables, x, *rest)).max()
    x = rounded(x * scale)
    exact = run("float32", variables, x, *rest)
    with bfloat16_multiplies():
        ours = jax.block_until_ready(run("bfloat16", variables, x, *rest))
    assert ours.dtype == jnp.float32
    assert 0.3 * size < np.abs(exact).max() < 2 * size  # not every head is linear
    np.testing.assert_allclose(ours, exact, atol=1e-4 * size / 50)
