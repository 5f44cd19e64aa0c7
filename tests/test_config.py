"""What a configuration refuses, each with a sentence that names the field."""

import dataclasses
import re
import typing

import pytest

from space_jax.config import (
    DataConfig,
    MeshConfig,
    ModelConfig,
    OptimiserConfig,
    PoolConfig,
    PretrainConfig,
    RecipeConfig,
    Space1Config,
    Space2Config,
    Space3Config,
    TrainConfig,
    Vocabulary,
    model_config,
)
from space_jax.errors import UserError
from space_jax.tasks.config import FinetuneConfig, FinetuneTrainConfig
from space_jax.tasks.intent.config import IntentConfig

RECIPES = ", ".join(recipe.__name__ for recipe in typing.get_args(RecipeConfig))

WRONG = [
    (ModelConfig, {"layers": 0}, "config field model.layers: 0 is not positive"),
    (ModelConfig, {"heads": 5}, "config field model.heads: 5 heads do not divide hidden size 768"),
    (ModelConfig, {"dropout": 1.0}, "config field model.dropout: 1.0 is not a fraction"),
    (ModelConfig, {"dropout": float("nan")}, "config field model.dropout: nan is not a finite number"),
    (ModelConfig, {"dtype": "float16"}, "config field model.dtype: 'float16' is not one of 'float32', 'bfloat16'"),
    (PoolConfig, {"group": -1}, "config field recipe.pool.group: -1 is negative"),
    (PoolConfig, {"temperature": 0.0}, "config field recipe.pool.temperature: 0.0 is not positive"),
    (Space1Config, {"name": "space3"}, "config field recipe.name: belongs to the recipe and cannot be changed"),
    (Space2Config, {"subspace": -1}, "config field recipe.subspace: -1 is negative"),
    (Space2Config, {"views": ("I", "X")}, r"config field recipe.views: \['X'\]: known are D, I, S, V, DI"),
    (Space2Config, {"views": ()}, "config field recipe.views: is empty"),
    (Space2Config, {"empty_views": "no"}, "config field recipe.empty_views: 'no' is not one of 'unlike', 'left_out'"),
    (Space3Config, {"policy_side": "none"}, "config field recipe.policy_side: 'none' is not one of"),
    (DataConfig, {"batch_size": 0}, "config field data.batch_size: 0 is not positive"),
    (DataConfig, {"labelled_share": 1.5}, "config field data.labelled_share: 1.5 is not between 0 and 1"),
    (DataConfig, {"row_ladder": ()}, r"config field data.row_ladder: \(\) must be ascending and end with 1.0"),
    (DataConfig, {"row_ladder": (0.5, 0.25, 1.0)}, "config field data.row_ladder: .* must be ascending and end with 1"),
    (OptimiserConfig, {"learning_rate": 0.0}, "config field optimiser.learning_rate: 0.0 is not positive"),
    (DataConfig, {"eval_examples": 0}, "config field data.eval_examples: 0 is not positive"),
    (DataConfig, {"workers": -2}, "config field data.workers: -2 is below -1"),
    (OptimiserConfig, {"weight_decay": -0.1}, "config field optimiser.weight_decay: -0.1 is negative"),
    (OptimiserConfig, {"beta2": 1.0}, "config field optimiser.beta2: 1.0 is not a fraction"),
    (OptimiserConfig, {"warmup_share": 1.0}, "config field optimiser.warmup_share: 1.0 is not a fraction"),
    (MeshConfig, {"data": -2}, "config field mesh.data: -2 is below -1"),
    (MeshConfig, {"preset": "fdsp"}, "config field mesh.preset: 'fdsp' is not one of data, fsdp, fsdp_tensor"),
    (
        MeshConfig,
        {"data": -1, "fsdp": -1},
        "config field mesh: of data x fsdp x tensor = -1 x -1 x 1 only one may be -1",
    ),
    (TrainConfig, {"steps": -1}, "config field train.steps: -1 is not positive"),
]


@pytest.mark.parametrize(("kind", "fields", "message"), WRONG, ids=lambda value: str(value)[:40])
def test_a_wrong_value_is_refused_with_its_field(kind, fields, message):
    with pytest.raises(UserError, match=message):
        kind(**fields)


def test_parts_must_fit_one_another():
    with pytest.raises(UserError, match=r"optimiser.accumulate: 3 micro-batches do not divide a batch of 32"):
        PretrainConfig(Space3Config(), ModelConfig(), optimiser=OptimiserConfig(accumulate=3))


def test_sizes():
    assert (model_config("base").layers, model_config("base").hidden) == (12, 768)
    assert model_config("tiny", dropout=0.0).dropout == 0.0
    with pytest.raises(UserError, match="model size: 'huge' is not one of tiny, micro, mini, base, large"):
        model_config("huge")


def test_configurations_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        TrainConfig().steps = 5


@pytest.mark.parametrize(("size", "rows"), [(0, 0), (1, 128), (128, 128), (129, 256), (30522, 30592)])
def test_the_token_table_is_padded(size, rows):
    assert Vocabulary(size=size).padded_size == rows


def test_rules_name_every_logical_axis_and_only_mesh_axes():
    rules = MeshConfig().rules
    with pytest.raises(UserError, match=r"mesh.rules: no rule for batch; \(\) leaves an axis unsplit"):
        MeshConfig(rules=rules[1:])
    with pytest.raises(UserError, match=r"mesh.rules: modle is not one of the mesh axes data, fsdp, tensor"):
        MeshConfig(rules=(*rules[:-1], ("subspace", ("modle",))))


def test_two_roles_are_needed():
    with pytest.raises(UserError, match=r"model.roles: 1 is too few"):
        ModelConfig(roles=1)


OF_ANOTHER_TYPE = [
    (ModelConfig, {"layers": 2.5}, "model.layers: 2.5 is not a whole number"),
    (ModelConfig, {"layers": True}, "model.layers: True is not a whole number"),
    (ModelConfig, {"layers": 10**12}, "model.layers: 1000000000000 is too large: the limit is 2147483648"),
    (ModelConfig, {"remat": "yes"}, "model.remat: 'yes' is not true or false"),
    (ModelConfig, {"remat": 1}, "model.remat: 1 is not true or false"),
    (ModelConfig, {"dtype": None}, "model.dtype: None is not a text"),
    (ModelConfig, {"vocabulary": 5}, "model.vocabulary: 5 is no Vocabulary"),
    (ModelConfig, {"layer_norm_epsilon": float("nan")}, "model.layer_norm_epsilon: nan is not a finite number"),
    (Vocabulary, {"special": (1, 2.5)}, "model.vocabulary.special: 2.5 is not a whole number"),
    (DataConfig, {"batch_size": 8.0}, "data.batch_size: 8.0 is not a whole number"),
    (DataConfig, {"prepared": "runs/corpus"}, "data.prepared: 'runs/corpus' is not a tuple, such as ('runs/corpus',)"),
    (DataConfig, {"prepared": ["a", "b"]}, "data.prepared: ['a', 'b'] is not a tuple, such as ('a', 'b')"),
    (DataConfig, {"row_ladder": (float("nan"), 1.0)}, "data.row_ladder: nan is not a finite number"),
    (
        DataConfig,
        {"grids": ((0.5, 128),)},
        "data.grids: ((0.5, 128),) is not of the form tuple[tuple[float, int, int], ...]",
    ),
    (OptimiserConfig, {"learning_rate": float("inf")}, "optimiser.learning_rate: inf is not a finite number"),
    (OptimiserConfig, {"epsilon": True}, "optimiser.epsilon: True is not a number"),
    (TrainConfig, {"steps": 2.5}, "train.steps: 2.5 is not a whole number"),
    (TrainConfig, {"seed": 1.5}, "train.seed: 1.5 is not a whole number"),
    (TrainConfig, {"seed": -1}, "train.seed: -1 is not a seed, a whole number from 0 to 4294967295"),
    (TrainConfig, {"seed": 10**30}, f"train.seed: {10**30} is not a seed, a whole number from 0 to 4294967295"),
    (Space3Config, {"pool": None}, "recipe.pool: None is no PoolConfig"),
    (Space3Config, {"mlm_weight": "x"}, "recipe.mlm_weight: 'x' is not a number"),
    (
        PretrainConfig,
        {"recipe": None, "model": ModelConfig()},
        f"recipe: None is none of {RECIPES}",
    ),
    (
        PretrainConfig,
        {"recipe": Space3Config(), "model": ModelConfig(), "train": {"steps": 2}},
        "train: {'steps': 2} is no TrainConfig",
    ),
    (FinetuneConfig, {"task": IntentConfig(), "dropout": float("nan")}, "dropout: nan is not a finite number"),
    (FinetuneConfig, {"task": IntentConfig(), "optimiser": OptimiserConfig()}, "is no FinetuneOptimiserConfig"),
    (FinetuneTrainConfig, {"seed": -1}, "train.seed: -1 is not a seed, a whole number from 0 to 4294967295"),
    (TrainConfig, {"best_by": 700 * ["loss"]}, "train.best_by: ['loss', 'loss', 'loss', 'loss', ...] is not a text"),
    (TrainConfig, {"steps": "\x1b[2J"}, r"train.steps: '\x1b[2J' is not a whole number"),
]


@pytest.mark.parametrize(("kind", "fields", "message"), OF_ANOTHER_TYPE, ids=lambda value: str(value)[:40])
def test_a_value_of_another_type_is_refused_with_its_field(kind, fields, message):
    with pytest.raises(UserError) as caught:
        kind(**fields)
    assert str(caught.value).startswith("config field ")
    assert str(caught.value).endswith(message)


def every_part(kind, path=""):
    """Each class of a whole configuration with the path of its fields."""
    yield kind, path
    for name, hint in typing.get_type_hints(kind).items():
        for part in typing.get_args(hint) or (hint,):
            if dataclasses.is_dataclass(part):
                yield from every_part(part, f"{path}{name}.")


REQUIRED = {
    PretrainConfig: {"recipe": Space3Config(), "model": ModelConfig()},
    FinetuneConfig: {"task": IntentConfig()},
}


@pytest.mark.parametrize("whole", REQUIRED)
def test_every_field_of_every_part_is_checked_under_its_path(whole):
    for kind, path in every_part(whole):
        for field in dataclasses.fields(kind):
            where = re.escape(f"{path}{field.name}")
            with pytest.raises(UserError, match=rf"^config field {where}: <object object at .*> is "):
                kind(**{**REQUIRED.get(kind, {}), field.name: object()})


def test_whole_numbers_may_stand_for_others():
    assert OptimiserConfig(learning_rate=1, clip_norm=2).clip_norm == 2
    assert DataConfig(row_ladder=(0.5, 1)).row_ladder == (0.5, 1)
