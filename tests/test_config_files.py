"""Configurations from files and from the command line, and back from a workdir."""

import dataclasses
import doctest
import json
import re
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from space_jax import config_files
from space_jax.config import (
    DataConfig,
    ModelConfig,
    PoolConfig,
    PretrainConfig,
    RecipeConfig,
    Space1Config,
    Space2Config,
    Space3Config,
    Vocabulary,
)
from space_jax.config_files import (
    apply_overrides,
    load_config,
    parse_overrides,
    read_config,
    read_model_config,
    save_config,
)
from space_jax.errors import UserError
from space_jax.printable import shown
from space_jax.tasks.config import FinetuneConfig
from space_jax.tasks.intent.config import IntentConfig

CONFIG = PretrainConfig(Space3Config(), ModelConfig())
HEAD = "from space_jax.config import PretrainConfig, Space1Config, Space3Config, model_config\n"


def changed(**texts):
    """The default configuration with fields changed; `__` stands for the dot."""
    return apply_overrides(CONFIG, {name.replace("__", "."): text for name, text in texts.items()})


@pytest.fixture
def config_file(tmp_path):
    def write(text, name="x.py"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    return write


def refusal(argument, overrides=None):
    with pytest.raises(UserError) as caught:
        load_config(argument, overrides, PretrainConfig)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_every_type_of_field_can_be_set():
    assert changed(train__steps="7").train.steps == 7
    assert changed(optimiser__learning_rate="3e-4").optimiser.learning_rate == 3e-4
    assert changed(optimiser__learning_rate="1").optimiser.learning_rate == 1.0
    assert changed(model__dtype="bfloat16").model.dtype == "bfloat16"
    assert changed(data__prepared="a, b/c").data.prepared == ("a", "b/c")
    assert changed(data__prepared="").data.prepared == ()
    assert changed(data__row_ladder="0.5,1").data.row_ladder == (0.5, 1.0)
    assert changed(recipe__pool__group="16").recipe.pool == PoolConfig(group=16)
    assert changed(mesh__data="-1").mesh.data == -1


@pytest.mark.parametrize(("text", "value"), [("true", True), ("True", True), ("false", False), ("FALSE", False)])
def test_truth_values(text, value):
    assert changed(model__remat=text).model.remat is value


def test_only_what_is_named_changes():
    assert changed(train__steps="7") == dataclasses.replace(CONFIG, train=dataclasses.replace(CONFIG.train, steps=7))


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "optimiser.learning_rat",
            "1",
            "config field optimiser.learning_rat does not exist; nearest: optimiser.learning_rate",
        ),
        ("trian.steps", "1", "config field trian does not exist; nearest: train"),
        ("recipe.pool.grup", "1", "config field recipe.pool.grup does not exist; nearest: recipe.pool.group"),
        (
            "recipe.subspace",
            "1",
            "config field recipe.subspace does not exist; nearest: recipe.name, recipe.mlm_weight, "
            "recipe.policy_weight, recipe.policy_side, recipe.decoder_layers, recipe.copying, recipe.pool",
        ),
        ("train", "1", "config field train has its own fields; set one of them, as train.NAME"),
        ("train.steps.more", "1", "config field train.steps is a value and has no field more"),
        ("train.steps", "1.5", "config field train.steps: '1.5' is not a whole number"),
        ("train.steps", "", "config field train.steps: '' is not a whole number"),
        ("model.dropout", "half", "config field model.dropout: 'half' is not a number"),
        ("model.remat", "1", "config field model.remat: '1' is not true or false"),
        ("data.row_ladder", "0.5,x", "config field data.row_ladder: 'x' is not a number"),
        ("mesh.rules", "batch", "config field mesh.rules: a table, which can only be set in a config file"),
        ("train.steps", "0", "config field train.steps: 0 is not positive"),
        ("optimiser.epsilon", "nan", "config field optimiser.epsilon: nan is not a finite number"),
        ("optimiser.learning_rate", "inf", "config field optimiser.learning_rate: inf is not a finite number"),
        ("recipe.mlm_weight", "nan", "config field recipe.mlm_weight: nan is not a finite number"),
        ("data.row_ladder", "nan,1", "config field data.row_ladder: nan is not a finite number"),
        (
            "model.layers",
            "1" + 12 * "0",
            "config field model.layers: 1000000000000 is too large: the limit is 2147483648",
        ),
        ("train.seed", 5000 * "9", f"config field train.seed: {shown(5000 * '9')} is not a whole number"),
        ("recipe.name", "space1", "config field recipe.name: belongs to the recipe and cannot be changed"),
    ],
)
def test_a_mistake_is_one_sentence(name, text, message):
    with pytest.raises(UserError) as caught:
        apply_overrides(CONFIG, {name: text})
    assert str(caught.value) == message


def test_fields_that_are_valid_only_together():
    with pytest.raises(UserError, match=r"model\.heads"):
        changed(model__hidden="100")
    with pytest.raises(UserError, match=r"optimiser\.accumulate"):
        changed(optimiser__accumulate="5")
    both = changed(model__heads="5", model__hidden="100", data__batch_size="20", optimiser__accumulate="5")
    assert (both.model.hidden, both.model.heads, both.optimiser.accumulate) == (100, 5, 5)


def test_arguments_of_the_command_line():
    assert parse_overrides(["--config.a.b=1", "--config.c=x=y"]) == {"a.b": "1", "c": "x=y"}
    for wrong in ("--config.a", "--other=1", "--config"):
        with pytest.raises(UserError, match=f"{wrong!r} is not known; a field is set by"):
            parse_overrides([wrong])


def test_a_file_with_a_variant(config_file):
    path = config_file(
        HEAD + "def get_config(size='mini'):\n    return PretrainConfig(Space3Config(), model_config(size))\n"
    )
    assert load_config(path, {}).model.hidden == 384
    assert load_config(f"{path}:tiny", {"train.steps": "3"}).model.hidden == 64
    assert load_config(f"{path}:tiny", {"train.steps": "3"}).train.steps == 3
    assert refusal(f"{path}:huge") == (
        f"{path}:3: config field model size: 'huge' is not one of tiny, micro, mini, base, large"
    )


def test_files_that_give_no_configuration(config_file, tmp_path):
    assert refusal(str(tmp_path / "none.py:tiny")).startswith(f"configuration '{tmp_path / 'none.py'}': neither ")
    path = config_file("a = 1\n", "a.py")
    assert refusal(path) == f"{path}: has no function get_config()"
    path = config_file("def get_config():\n    return {}\n", "b.py")
    assert refusal(path) == f"{path}: get_config() must return a PretrainConfig, but it returned dict"
    assert refusal(f"{path}:tiny") == f"{path}: expected --config b, found b:tiny"
    needy = config_file(f"{HEAD}def get_config(corpus): return PretrainConfig(Space3Config(), model_config('tiny'))\n")
    assert refusal(needy) == f"{needy}: expected --config x:CORPUS, found x"


def test_values_from_python_are_as_those_of_the_command_line():
    typed = {"train.steps": 7, "model.remat": True, "data.prepared": ("a", "b/c"), "data.row_ladder": [0.5, 1.0]}
    texts = {"train.steps": "7", "model.remat": "true", "data.prepared": "a,b/c", "data.row_ladder": "0.5,1.0"}
    changed = load_config("quickstart", typed)
    assert changed == load_config("quickstart", texts)
    assert (changed.train.steps, changed.model.remat, changed.data.prepared) == (7, True, ("a", "b/c"))
    numpy = {"train.steps": np.int64(7), "optimiser.learning_rate": np.float32(0.5), "data.prepared": [Path("a/b")]}
    changed = load_config("quickstart", numpy)
    assert (changed.train.steps, changed.optimiser.learning_rate, changed.data.prepared) == (7, 0.5, ("a/b",))
    assert type(changed.train.steps) is int
    for name, value, problem in (
        ("train.steps", 1.5, "1.5 is not a whole number"),
        ("train.steps", True, "True is not a whole number"),
        ("model.remat", None, "None is not true or false"),
        ("data.prepared", None, "None is not a tuple, such as (None,)"),
        ("data.prepared", [None], "None is not a text"),
        ("model.dtype", 32, "32 is not a text"),
    ):
        assert refusal("quickstart", {name: value}) == f"config field {name}: {problem}"


def test_either_kind_is_taken_where_none_is_asked_for(config_file):
    assert load_config("space2").recipe.name == "space2"
    assert load_config("finetune/banking77:few").train.epochs == 8
    path = config_file("def get_config():\n    return {}\n")
    with pytest.raises(UserError, match=r"x\.py: get_config\(\) must return a configuration, but it returned dict"):
        load_config(path)


def test_the_example_in_the_docstring():
    finder, runner = doctest.DocTestFinder(), doctest.DocTestRunner()
    for example in finder.find(config_files.load_config, globs={"load_config": load_config}):
        runner.run(example)
    assert runner.summarize(verbose=False) == (0, 1)


def test_a_file_that_raises_is_named_with_its_line(config_file):
    path = config_file("def get_config(:\n    pass\n", "syntax.py")
    assert refusal(path) == f"{path}:1: SyntaxError: invalid syntax"
    path = config_file("import json\n\nx = json.loads('{')\n", "library.py")
    assert re.fullmatch(re.escape(path) + r":3: JSONDecodeError: .+", refusal(path))
    path = config_file("x = '\xe9'\n".encode("latin-1"), "bytes.py")
    assert refusal(path).startswith(f"{path}:1: SyntaxError: ")
    path = config_file("import a_module_that_is_nowhere\n", "imports.py")
    assert refusal(path) == f"{path}:1: ModuleNotFoundError: No module named 'a_module_that_is_nowhere'"
    path = config_file("def get_config(size='a'):\n    sizes = {}\n    return sizes[size]\n", "key.py")
    assert refusal(path) == f"{path}:3: KeyError: 'a'"


def test_a_file_that_leaves_the_program_is_named_with_its_line(config_file):
    path = config_file("import sys\n\nsys.exit(0)\n")
    assert refusal(path) == f"{path}:3: SystemExit: 0"
    path = config_file("def get_config():\n    raise SystemExit\n")
    assert refusal(path) == f"{path}:2: SystemExit"


def test_a_file_with_a_value_of_another_type_is_named_with_its_line(config_file):
    path = config_file(HEAD + "def get_config():\n    return PretrainConfig(\n        None, model_config('tiny'))\n")
    known = ", ".join(recipe.__name__ for recipe in get_args(RecipeConfig))
    assert refusal(path) == f"{path}:3: config field recipe: None is none of {known}"
    path = config_file(HEAD + "model = model_config('tiny', layers=2.5)\n")
    assert refusal(path) == f"{path}:2: config field model.layers: 2.5 is not a whole number"


def test_overrides_of_a_file_are_checked(config_file):
    path = config_file(HEAD + "def get_config():\n    return PretrainConfig(Space1Config(), model_config('tiny'))\n")
    assert load_config(path, {"recipe.as_released": "true"}).recipe == Space1Config(as_released=True)
    assert refusal(path, {"recipe.subspace": "3"}).startswith("config field recipe.subspace does not exist; nearest: ")


@pytest.mark.parametrize(
    "recipe",
    [
        Space1Config(as_released=True),
        Space2Config(subspace=8, pool=PoolConfig(group=16)),
        Space3Config(policy_side="both"),
    ],
    ids=lambda recipe: recipe.name,
)
def test_saved_and_read_is_equal(tmp_path, recipe):
    vocabulary = Vocabulary(size=500, understand=(3, 4), special=(0, 1, 2))
    config = PretrainConfig(
        recipe,
        ModelConfig(dropout=0.0, remat=True, vocabulary=vocabulary),
        DataConfig(prepared=("a", "b"), row_ladder=(0.5, 1.0)),
    )
    save_config(config, tmp_path / "new")
    assert read_config(tmp_path / "new") == config
    assert read_model_config(tmp_path / "new") == (config.model, recipe.name, None)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["config.json"]


@pytest.mark.parametrize(("recipe", "read"), [("space2", "space2"), ("", None)])
def test_the_model_of_a_fine_tuning_run_is_read_without_its_task(tmp_path, recipe, read):
    model = ModelConfig(hidden=24, vocabulary=Vocabulary(size=500))
    save_config(FinetuneConfig(IntentConfig(), model=model, recipe=recipe), tmp_path)
    assert read_model_config(tmp_path) == (model, read, None)


@pytest.mark.parametrize(
    "config",
    [
        PretrainConfig(Space2Config(vector="mean"), ModelConfig()),
        FinetuneConfig(IntentConfig(vector="mean"), recipe="space2"),
    ],
)
def test_a_vector_of_ones_own_choice_is_read_with_the_model(tmp_path, config):
    save_config(config, tmp_path)
    assert read_model_config(tmp_path) == (config.model, "space2", "mean")


def test_a_folder_without_a_configuration(tmp_path):
    with pytest.raises(UserError, match=r"no config\.json; is it the workdir of a run\?"):
        read_config(tmp_path)


def broken(change):
    fields = dataclasses.asdict(CONFIG)
    change(fields)
    return json.dumps(fields)


BROKEN = {
    "empty": "",
    "cut off": json.dumps(dataclasses.asdict(CONFIG))[:100],
    "a list": "[]",
    "no recipe": broken(lambda fields: fields.pop("recipe")),
    "unknown recipe": broken(lambda fields: fields["recipe"].update(name="space9")),
    "unknown field": broken(lambda fields: fields["train"].update(epochs=3)),
    "a number for a group": broken(lambda fields: fields.update(train=3)),
    "a text for a number": broken(lambda fields: fields["train"].update(steps="many")),
    "out of range": broken(lambda fields: fields["train"].update(steps=0)),
    "a float for a whole number": broken(lambda fields: fields["train"].update(steps=2.5)),
    "a truth value for a number": broken(lambda fields: fields["data"].update(batch_size=True)),
    "a text for a list": broken(lambda fields: fields["data"].update(prepared="runs/corpus")),
    "no part": broken(lambda fields: fields["recipe"].update(pool=None)),
    "not finite": broken(lambda fields: fields["optimiser"].update(epsilon=float("nan"))),
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_a_broken_configuration_is_one_sentence(tmp_path, text):
    (tmp_path / "config.json").write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=r"config\.json: not a configuration of this version \(.+\)$"):
        read_config(tmp_path)


@pytest.mark.parametrize("name", ["empty", "cut off", "a list", "no recipe", "unknown recipe"])
def test_a_configuration_that_does_not_say_its_model_is_one_sentence(tmp_path, name):
    (tmp_path / "config.json").write_text(BROKEN[name], encoding="utf-8")
    with pytest.raises(UserError, match=r"config\.json: not a configuration of this version \(.+\)$"):
        read_model_config(tmp_path)
