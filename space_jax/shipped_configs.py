"""The configurations that come with the package: the repository's `configs/`, installed as `space_jax/configs/`.

They are programs for users to copy, so they are located as files and never imported.
"""

import ast
import difflib
from pathlib import Path

from space_jax.errors import UserError
from space_jax.reading.text import read_bytes

_PACKAGE = Path(__file__).resolve().parent
_SUFFIX = ".py"


def shipped_configs() -> dict[str, Path]:
    """Name -> file: first `quickstart`, `space3`, ..., then those in folders, such as `finetune/banking77`."""
    installed = _PACKAGE / "configs"
    folder = installed if installed.is_dir() else _PACKAGE.parent / "configs"  # the second in a checkout
    files = {path.relative_to(folder).with_suffix("").as_posix(): path for path in folder.rglob(f"*{_SUFFIX}")}
    return dict(sorted(files.items(), key=lambda item: (item[0].count("/"), item[0])))


def shipped_config(name: str) -> Path:
    """The file of a shipped configuration. Names are looked up, never joined to a path, so they reach no other files.

    Raises:
      UserError: there is no such configuration; the message lists the nearest names.
    """
    known = shipped_configs()
    if name not in known:
        raise UserError(
            f"configuration {name!r}: neither a file nor a configuration that comes with the package; "
            f"{_hint(name, known)}"
        )
    return known[name]


def _hint(name: str, known: dict[str, Path]) -> str:
    """Suggestions based on the last part of each name: `banking`, `configs/space3.py`."""
    by_last = {one.rpartition("/")[2]: one for one in known}
    near = difflib.get_close_matches(name.removesuffix(_SUFFIX).rpartition("/")[2], by_last, n=3)
    listed = f"nearest: {', '.join(by_last[one] for one in near)}; " if near else ""
    return f"{listed}`space-jax configs` lists them"


def summary(path: Path) -> str:
    """The first line of a configuration's docstring."""
    return (ast.get_docstring(ast.parse(read_bytes(path))) or "").partition("\n")[0]
