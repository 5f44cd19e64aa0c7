"""NumPy's files of arrays, `.npy` and `.npz`. Objects in them, which are code, are never read."""

import tokenize
import zipfile
import zlib
from pathlib import Path

import numpy as np

from space_jax.errors import UserError
from space_jax.printable import shown

# What NumPy raises for files that are cut off, changed or of another kind.
_DAMAGE = (
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    OSError,
    EOFError,
    SyntaxError,
    RecursionError,
    NotImplementedError,
    MemoryError,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)


def read_array(path: Path, mapped: bool = False) -> np.ndarray:
    """The array of a `.npy` file.

    Args:
      path: of the file.
      mapped: leave it on the disk; the array is then read where it is used.

    Raises:
      UserError: it is not there, damaged, or holds objects.
    """
    try:
        if mapped:
            return np.lib.format.open_memmap(path, mode="r")
        with path.open("rb") as file:
            return np.load(file, allow_pickle=False)
    except _DAMAGE as error:
        raise UserError(f"{path}: expected an array of NumPy, found it damaged ({_reason(error)})") from None


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a `.npz` file by name.

    Raises:
      UserError: it is not there, damaged, or holds objects.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            found = {name: arrays[name] for name in arrays.files}
    except FileNotFoundError:
        raise UserError(f"{path}: no such file") from None
    except _DAMAGE as error:
        raise UserError(f"{path}: not a whole .npz file of arrays ({_reason(error)})") from None
    for name, one in found.items():
        if not isinstance(one, np.ndarray):  # NumPy gives the bytes of members that are no arrays
            raise UserError(f"{path}: not a whole .npz file of arrays (its member {shown(name)} is none)")
    return found


def _reason(error: BaseException) -> str:
    return " ".join(str(error).split())[:160] or type(error).__name__
