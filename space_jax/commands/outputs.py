"""Files that a command is to write at its end, looked at before it begins."""

from pathlib import Path

from space_jax.errors import UserError


def require_writable(path: Path, option: str) -> None:
    """Refuses a file that could not be written.

    Raises:
      UserError: its folder does not exist, or it is a folder itself.
    """
    if not path.parent.is_dir():
        raise UserError(f"{option}: expected an existing folder to write to, found no {path.parent}")
    if path.is_dir():
        raise UserError(f"{option}: expected a file to write, found the folder {path}")
