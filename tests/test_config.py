"""What a configuration refuses, each with a sentence that names the field."""

import dataclasses

import pytest

from space_jax.config import (
    DataConfig,
    MeshConfig,
    ModelConfig,
    OptimiserConfig,
    PoolConfig,
    PretrainConfig,
    Space1Config,
    Space2Config,
    Space3Config,
    TrainConfig,
    Vocabulary,
    model_config,
)
from space_jax.errors import UserError

WRONG = [
    (ModelConfig, {"layers": 0}, "config field model.layers: 0 is not positive"),
    (ModelConfig, {"heads": 5}, "config field model.heads: 5 heads do not divide hidden size 768"),
    (ModelConfig, {"dropout": 1.0}, "config field model.dropout: 1.0 is not a fraction"),
    (ModelConfig, {"dropout": float("nan")}, "config field model.dropout: nan is not a fraction"),
    (ModelConfig, {"dtype": "float16"}, "config field model.dtype: 'float16' is not one of 'float32', 'bfloat16'"),
    (PoolConfig, {"group": -1}, "config field recipe.pool.group: -1 is negative"),
    (PoolConfig, {"temperature": 0.0}, "config field recipe.pool.temperature: 0.0 is not positive"),
    (Space1Config, {"name": "space3"}, "config field recipe.name: belongs to the recipe and cannot be changed"),
    (Space2Config, {"subspace": 0}, "config field recipe.subspace: 0 is not positive"),
    (Space3Config, {"policy_side": "none"}, "config field recipe.policy_side: 'none' is not one of"),
    (DataConfig, {"batch_size": 0}, "config field data.batch_size: 0 is not positive"),
    (DataConfig, {"labelled_share": 1.5}, "config field data.labelled_share: 1.5 is not between 0 and 1"),
    (DataConfig, {"row_ladder": ()}, r"config field data.row_ladder: \(\) must be ascending and end with 1.0"),
    (DataConfig, {"row_ladder": (0.5, 0.25, 1.0)}, "config field data.row_ladder: .* must be ascending and end with 1"),
    (OptimiserConfig, {"learning_rate": 0.0}, "config field optimiser.learning_rate: 0.0 is not positive"),
    (DataConfig, {"eval_examples": 0}, "config field data.eval_examples: 0 is not positive"),
    (DataConfig, {"workers": -1}, "config field data.workers: -1 is negative"),
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


def test_a_text_is_not_a_list_of_corpora():
    with pytest.raises(UserError, match=r"data.prepared: 'runs/corpus' is a string; a tuple of folders is expected"):
        DataConfig(prepared="runs/corpus")


def test_two_roles_are_needed():
    with pytest.raises(UserError, match=r"model.roles: 1 is too few"):
        ModelConfig(roles=1)
