"""The shipped configurations of fine-tuning: each loads, goes through JSON, and says how it is run."""

import ast
import json
from pathlib import Path

import pytest

from space_jax.config_files import load_config, read_config, save_config
from space_jax.errors import UserError
from space_jax.tasks.config import DataSource, FinetuneConfig, is_finetuned
from space_jax.tasks.registry import TASKS

FILES = sorted((Path(__file__).resolve().parents[2] / "configs" / "finetune").glob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_file_loads_and_its_docstring_holds_the_command(path, tmp_path):
    config = load_config(str(path), {"train.epochs": "3"}, FinetuneConfig)
    assert config.task.name in TASKS
    assert config.train.epochs == 3
    save_config(config, tmp_path)
    assert read_config(tmp_path, FinetuneConfig) == config
    assert is_finetuned(tmp_path)
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert f"space-jax finetune --config configs/finetune/{path.name} --workdir " in docstring


def test_another_kind_of_configuration_is_refused(tmp_path):
    path = FILES[0].parents[1] / "quickstart.py"
    with pytest.raises(UserError, match="must return a FinetuneConfig, but it returned PretrainConfig"):
        load_config(str(path), {}, FinetuneConfig)
    (tmp_path / "config.json").write_text(json.dumps({"recipe": {}}))
    assert not is_finetuned(tmp_path)
    assert not is_finetuned(tmp_path / "nowhere")
    with pytest.raises(UserError, match=r"data\.corpus: 'x' and the user's own files"):
        DataSource(corpus="x", train="y.csv")
