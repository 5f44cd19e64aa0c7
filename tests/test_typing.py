"""A user's `mypy --strict` finds types behind every public name: the package says that it has them (py.typed)."""

import re
import sys
from pathlib import Path

import pytest

import space_jax

api = pytest.importorskip("mypy.api", reason="mypy comes with the extra dev")

PROGRAM = """
import numpy as np
import space_jax
from space_jax.config import PretrainConfig

def vectors(texts: list[str]) -> np.ndarray:
    config = space_jax.load_config("space3:tiny", {"train.steps": 2}, PretrainConfig)
    reveal_type(config)
    reveal_type(space_jax.pretrain(config, "run"))
    model = space_jax.load("run")
    reveal_type(model)
    if not isinstance(model, space_jax.Pretrained):
        raise space_jax.UserError("run: not pre-trained")
    reveal_type(model.embed(texts))
    return model.embed(texts)

"""


@pytest.fixture
def strict(tmp_path, monkeypatch):
    """What strict mypy says of a program of somebody who has the package installed, not its source in hand."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(Path(space_jax.__file__).parents[1]))

    def check(program):
        (tmp_path / "program.py").write_text(program)
        out, err, _ = api.run(["--strict", "--python-executable", sys.executable, "program.py"])
        return out + err

    return check


@pytest.mark.slow
def test_public_names_have_types(strict):
    names = "".join(f"reveal_type(space_jax.{name})\n" for name in space_jax.__all__)
    said = strict(PROGRAM + names)
    assert "Success" in said
    revealed = re.findall(r'Revealed type is "(.*)"', said)
    assert len(revealed) == 4 + len(space_jax.__all__), said
    assert "Any" not in revealed
    config, result, model, array, *_ = revealed
    assert config.endswith("config.PretrainConfig"), config
    assert result.endswith("loop.Result"), result
    assert [name.rpartition(".")[2] for name in model.split(" | ")] == ["Pretrained", "Finetuned", "Agent"]
    assert "ndarray" in array
