"""`import space_jax`: light, complete, and the same for people, editors and type checkers."""

import ast
import inspect
import os
import pydoc
import subprocess
import sys
from pathlib import Path

import pytest

import space_jax

FUNCTIONS = (
    "bench",
    "build_corpus",
    "compare",
    "compile_ahead",
    "curves",
    "evaluate",
    "finetune",
    "load",
    "load_config",
    "map_dialogues",
    "pretrain",
)


def imported_after(program):
    """Which of the large libraries a program has imported."""
    script = f"{program}\nimport sys\nprint([m for m in ('jax', 'grain', 'tensorflow_datasets') if m in sys.modules])"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment)
    return ast.literal_eval(run.stdout)


@pytest.mark.parametrize(
    "program",
    [
        "import space_jax; dir(space_jax)",
        "from space_jax import UserError, load_config; load_config('space3:tiny', {'train.steps': 3})",
    ],
)
def test_what_computes_nothing_does_not_wait_for_jax(program):
    assert imported_after(program) == []


def test_jax_comes_with_the_first_use():
    assert imported_after("import space_jax; space_jax.losses") == ["jax"]


def test_every_name_is_there_and_explained():
    assert sorted(space_jax.__all__) == space_jax.__all__
    assert set(space_jax.__all__) <= set(dir(space_jax))
    for name in space_jax.__all__:
        assert getattr(space_jax, name).__doc__
    with pytest.raises(AttributeError, match="module 'space_jax' has no attribute 'laod'"):
        _ = space_jax.laod


def test_the_type_checker_is_told_what_is_imported():
    tree = ast.parse(Path(space_jax.__file__).read_text(encoding="utf-8"))
    (checked,) = (node for node in tree.body if isinstance(node, ast.If))
    told = {alias.name: f"{node.module}.{alias.name}" for node in checked.body for alias in node.names}
    assert sorted(told) == space_jax.__all__
    for name in space_jax.__all__:
        one = getattr(space_jax, name)
        assert told[name] == (one.__name__ if inspect.ismodule(one) else f"{one.__module__}.{one.__qualname__}")


def test_help_shows_each_function_with_its_arguments():
    text = pydoc.render_doc(space_jax, renderer=pydoc.plaintext)
    for name in FUNCTIONS:
        assert f"\n    {name}(" in text
    for argument in ("workdir", "config", "overrides", "shots", "input"):
        assert f"          {argument}: " in text


@pytest.mark.parametrize(("function", "other"), [("pretrain", "finetune/banking77"), ("finetune", "quickstart")])
def test_the_other_kind_of_configuration_is_refused(function, other, tmp_path):
    for config in (space_jax.load_config(other), other):
        found = type(config).__name__
        with pytest.raises(space_jax.UserError, match=rf"^{function}: expected a \w+Config, .*, found {found}$"):
            getattr(space_jax, function)(config, tmp_path / "w")
    assert not (tmp_path / "w").exists()


def test_a_folder_that_is_no_run(tmp_path):
    for read in (space_jax.load, space_jax.evaluate):
        with pytest.raises(space_jax.UserError, match=r"no config\.json; is it the workdir of a"):
            read(str(tmp_path))
    with pytest.raises(space_jax.UserError, match=r"no measures in metrics\.jsonl; is it the workdir of a run"):
        space_jax.curves(tmp_path)
