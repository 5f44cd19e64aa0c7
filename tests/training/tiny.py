"""The real recipes at a size that a mesh of eight divides, and packed batches of them."""

import dataclasses

import jax
import numpy as np

from space_jax.config import (
    ModelConfig,
    PalmConfig,
    Space1Config,
    Space2Config,
    Space3Config,
    StarConfig,
    StructBertConfig,
    VecoConfig,
    YuYanConfig,
)
from space_jax.features.grid import Grid, GridShape
from space_jax.features.packing import pack
from space_jax.models.registry import make_recipe
from tests.models.conftest import VOCABULARY, make_items

MODEL = ModelConfig(layers=2, hidden=16, heads=4, mlp=32, positions=16, turns=5, dropout=0.2, vocabulary=VOCABULARY)
RECIPES = {
    "space1": Space1Config(),
    "space2": Space2Config(subspace=8),
    "space3": Space3Config(),
    "structbert": StructBertConfig(),
    "yuyan": YuYanConfig(decoder_layers=1),
    "palm": PalmConfig(),
    "veco": VecoConfig(),
    "star": StarConfig(generator_heads=2),
}
EXAMPLES = 16
GRID = Grid(
    examples=EXAMPLES,
    rungs=(GridShape(8, 32, 18),),
    slots=3,
    masked=32,  # every column: no packing loses a target
    words=8,
    tree_elements=4,
    negatives=True,
    masked_responses=True,
    schema=9,
)


def tiny_recipe(name):
    return make_recipe(MODEL, RECIPES[name])


def tiny_items(name):
    """Sixteen examples, nine of them labelled; negatives belong to the items, so that no packing draws others."""
    return [item for seed in range(4) for item in make_items(name, seed=seed)][:EXAMPLES]


def tiny_batch(name, accumulate=1):
    """The same examples in the same order, as `accumulate` micro-batches that are packed each for itself."""
    items, count = tiny_items(name), EXAMPLES // accumulate
    grid = dataclasses.replace(GRID, examples=count, rungs=(GridShape(8 // accumulate, 32, 18),))
    micros = [pack(items[first : first + count], grid) for first in range(0, EXAMPLES, count)]
    return jax.tree.map(lambda *arrays: np.stack(arrays), *micros)
