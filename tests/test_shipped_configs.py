"""The configurations that come with the package: names, near names, nothing beside them; and installed whole."""

import ast
from pathlib import Path

import pytest

from space_jax import shipped_configs as module
from space_jax.config_files import load_config
from space_jax.errors import UserError
from space_jax.shipped_configs import shipped_config, shipped_configs, summary

REPOSITORY = Path(__file__).resolve().parents[1]
FOLDER = REPOSITORY / "configs"


def test_every_file_has_its_name_and_a_first_line():
    files = shipped_configs()
    assert sorted(files.values()) == sorted(FOLDER.rglob("*.py"))
    assert files["finetune/banking77"] == FOLDER / "finetune" / "banking77.py"
    assert list(files)[:2] == ["own_dialogues", "palm"]  # those in folders come after these
    assert [name.count("/") for name in files] == sorted(name.count("/") for name in files)
    assert all(summary(path).endswith(".") for path in files.values())


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("spac3", "space3"),
        ("configs/space3_sdg.py", "space3_sgd"),  # as it is called in a checkout
        ("banking", "finetune/banking77"),
        ("finetune/hwu46", "finetune/hwu64"),
    ],
)
def test_an_unknown_name_gets_its_neighbours(name, nearest):
    with pytest.raises(
        UserError, match=rf"^configuration '{name}': neither a file .*; nearest: {nearest}[,;].* lists them$"
    ):
        shipped_config(name)


@pytest.mark.parametrize(
    "name",
    [
        "../setup",
        "../configs/space3",
        "finetune/../space3",
        "./space3",
        str(FOLDER / "space3"),
        "space3.py",
        "finetune",
        "",
    ],
)
def test_a_name_leads_nowhere_else(name):
    with pytest.raises(UserError, match="neither a file nor a configuration that comes with the package"):
        shipped_config(name)


def test_a_file_goes_before_a_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "finetune").mkdir()  # folders do not
    assert load_config("finetune/woz2").task.name == "track"
    source = (FOLDER / "space2.py").read_text().replace("batch_size=", "eval_examples=7, batch_size=")
    (tmp_path / "space2").write_text(source)
    assert load_config("space2").data.eval_examples == 7
    (tmp_path / "space2").unlink()
    assert load_config("space2").data.eval_examples != 7


def test_an_installed_package_has_them_inside(tmp_path, monkeypatch):
    (tmp_path / "configs" / "finetune").mkdir(parents=True)
    for name in ("a", "finetune/b"):
        (tmp_path / "configs" / f"{name}.py").write_text('"""One."""\n')
    monkeypatch.setattr(module, "_PACKAGE", tmp_path)
    assert list(shipped_configs()) == ["a", "finetune/b"]


def test_every_folder_of_them_is_installed():
    """A wheel holds the packages that setup.py names; it maps the one at the top, which holds the others."""
    tree = ast.parse((REPOSITORY / "setup.py").read_text(encoding="utf-8"))
    (named,) = (one.value for one in tree.body if isinstance(one, ast.Assign))
    folders = {path.parent.relative_to(REPOSITORY) for path in FOLDER.rglob("*.py")}
    assert set(ast.literal_eval(named)) == {f"space_jax.{'.'.join(folder.parts)}" for folder in folders}
