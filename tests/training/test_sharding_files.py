"""Where every parameter of the published size lies on a mesh of 2 x 2 x 2, held against the files in `shardings/`.

A change of a model or of the rules shows up as a difference to review. Write the files anew with
`python -m tests.training.test_sharding_files`.
"""

import os
from pathlib import Path

if __name__ == "__main__":  # under pytest the settings of all tests do this
    os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=8"
    os.environ["JAX_PLATFORMS"] = "cpu"

import pytest

from space_jax.config import (
    MeshConfig,
    OptimiserConfig,
    PalmConfig,
    Space1Config,
    Space2Config,
    Space3Config,
    StarConfig,
    StructBertConfig,
    VecoConfig,
    Vocabulary,
    YuYanConfig,
    model_config,
)
from space_jax.models.registry import make_recipe
from space_jax.training.mesh import make_mesh
from space_jax.training.optimiser import make_optimiser
from space_jax.training.sharding import describe_shardings
from space_jax.training.state import abstract_state
from tests.training.toy import micro, toy_batch

FOLDER = Path(__file__).parent / "shardings"
VOCABULARY = Vocabulary(size=30522, understand=(1, 2, 3, 4, 5), policy=(6, 7, 8, 9, 10))  # BERT's
SPACE = Space1Config(), Space2Config(), Space3Config()
RECIPES = (*SPACE, StructBertConfig(), YuYanConfig(), PalmConfig(), VecoConfig(), StarConfig())


def table(recipe_config):
    """The table of one recipe; nothing is allocated."""
    config = MeshConfig(data=2, fsdp=2, tensor=2)
    recipe = make_recipe(model_config("base", vocabulary=VOCABULARY), recipe_config)
    optimiser = make_optimiser(OptimiserConfig(), 10)
    state = abstract_state(recipe, optimiser, micro(toy_batch(0)), config.rules, make_mesh(config))
    return describe_shardings(state.params)


@pytest.mark.parametrize("recipe_config", RECIPES, ids=lambda config: config.name)
def test_shardings_are_as_reviewed(recipe_config):
    assert table(recipe_config) == (FOLDER / f"{recipe_config.name}.txt").read_text(encoding="utf-8")


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for each in RECIPES:
        (FOLDER / f"{each.name}.txt").write_text(table(each), encoding="utf-8")
