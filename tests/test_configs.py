"""The shipped configurations: each loads, says how it is run, and its model has the parameters that it should."""

import ast
import dataclasses
import math
from pathlib import Path

import jax
import pytest

from space_jax.config import MODEL_SIZES, PretrainConfig, Vocabulary
from space_jax.config_files import load_config
from space_jax.features.example import Limits
from space_jax.features.grid import make_grid
from space_jax.features.packing import pack
from space_jax.models.registry import make_recipe
from space_jax.models.weights import parameter_path
from space_jax.training.sharding import parameter_specs, unbox
from space_jax.training.state import abstract_params

REPOSITORY = Path(__file__).resolve().parents[1]
OWN = REPOSITORY / "configs" / "own_dialogues.py"  # its argument is a corpus, from which its sizes are taken
FILES = sorted(path for path in (REPOSITORY / "configs").glob("*.py") if path != OWN)
VOCABULARY = Vocabulary(size=30522, understand=(1, 2, 3, 4, 5), policy=(6, 7, 8, 9, 10))  # the size of BERT's
MESH_SHAPE = {"data": 1, "fsdp": 4, "tensor": 2}
SMALL = 1000  # parameters; what is smaller may stay whole on every device

# file: recipe, named size, parameters. The token table has 30592 rows: 30522 and padding.
SHIPPED = {
    "palm.py": ("palm", "base", 110_173_313),
    "plug.py": ("palm", "base", 109_581_184),
    "plug_structure.py": ("structbert", "base", 110_174_083),
    "quickstart.py": ("space3", "tiny", 4_064_320),
    "space1.py": ("space1", "base", 108_975_381),
    "space2.py": ("space2", "base", 115_487_104),
    "space2_utterances.py": ("space2", "mini", 25_734_784),
    "space3.py": ("space3", "base", 133_666_432),
    "space3_sgd.py": ("space3", "mini", 34_673_152),
    "star.py": ("star", "base", 121_823_370),
    "structbert.py": ("structbert", "base", 110_174_083),
    "veco.py": ("veco", "base", 137_948_032),
    "yuyan.py": ("yuyan", "base", 108_958_464),
}

every_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)


def load(path: Path, variant: str = "") -> PretrainConfig:
    config = load_config(f"{path}:{variant}" if variant else str(path), {})
    return dataclasses.replace(config, model=dataclasses.replace(config.model, vocabulary=VOCABULARY))


def boxed_params(config: PretrainConfig):
    """Shapes and axis names of the parameters; nothing is allocated."""
    grid = make_grid(config.data, config.recipe, 8, Limits().max_turn_tokens)
    return abstract_params(make_recipe(config.model, config.recipe), pack([], grid))


def test_the_table_lists_every_file():
    assert [path.name for path in FILES] == sorted(SHIPPED)


@every_file
def test_the_docstring_holds_the_command(path):
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    if path.name == "quickstart.py":
        assert "make quickstart" in docstring
        assert "--config configs/quickstart.py" in (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    else:
        assert f"space-jax pretrain --config configs/{path.name} --workdir " in docstring


@every_file
def test_the_default_is_of_its_recipe_and_size(path):
    recipe, size, parameters = SHIPPED[path.name]
    config = load(path)
    assert config.recipe.name == recipe
    assert {field: getattr(config.model, field) for field in MODEL_SIZES[size]} == MODEL_SIZES[size]
    shapes = jax.tree.leaves(unbox(boxed_params(config)))
    assert sum(math.prod(leaf.shape) for leaf in shapes) == parameters


@every_file
def test_the_tiny_form_is_tiny_and_of_the_same_recipe(path):
    tiny, default = load(path, "tiny"), load(path)
    recipes = [dataclasses.asdict(config.recipe) for config in (tiny, default)]
    for recipe in recipes:
        recipe.pop("decoder_layers", None)  # as many as suit the size
        recipe.pop("generator_heads", None)
    assert recipes[0] == recipes[1]
    assert (tiny.model.layers, tiny.model.hidden) == (2, 64)
    assert tiny.data.batch_size <= 32


@every_file
@pytest.mark.parametrize("variant", ["", "tiny"])
def test_the_rules_shard_every_parameter(path, variant):
    config = load(path, variant)
    boxed = boxed_params(config)
    specs = jax.tree_util.tree_leaves_with_path(
        parameter_specs(boxed, config.mesh.rules, MESH_SHAPE), is_leaf=lambda leaf: isinstance(leaf, jax.P)
    )
    shapes = [leaf.shape for leaf in jax.tree.leaves(unbox(boxed))]
    whole = [
        parameter_path(name)
        for (name, spec), shape in zip(specs, shapes, strict=True)
        if not any(spec) and math.prod(shape) > SMALL
    ]
    assert whole == []
