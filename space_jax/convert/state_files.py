"""Files of named arrays: safetensors, PyTorch and NumPy. Code in a pickle is never run."""

import argparse
import os
import pickle
import warnings
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from space_jax.errors import UserError
from space_jax.reading.arrays import read_arrays
from space_jax.reading.json_text import read_json

SAFETENSORS, PYTORCH, _INDEX = "model.safetensors", "pytorch_model.bin", ".index.json"
HUGGING_FACE = (SAFETENSORS, SAFETENSORS + _INDEX, PYTORCH, PYTORCH + _INDEX)
"""The names of weights in a Hugging Face folder, preferred ones first; an index lists the parts."""

_REASON = 160  # characters of another library's message


def read_state(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a file, or of a folder in the layout of Hugging Face.

    Args:
      path: `*.safetensors`, an index of several, `*.npz`, any other file for a PyTorch `state_dict` or a dictionary
        that has one as `model`, as fairseq's and PALM's; or a folder.

    Returns:
      key -> array, without the prefix `module.` that data-parallel training adds to every key.

    Raises:
      UserError: no such file; truncated, damaged or of another kind; a PyTorch file without PyTorch, or one that holds
        more than arrays.
    """
    path = weights_file(path) if path.is_dir() else path
    if not path.is_file():
        raise UserError(f"{path}: no such file")
    state = _read_parts(path) if path.name.endswith(_INDEX) else _read_file(path)
    if not state:
        raise UserError(f"{path}: holds no arrays")
    return {key.removeprefix("module."): array for key, array in state.items()}


def weights_file(folder: Path) -> Path:
    """The file of weights in a Hugging Face folder; safetensors are preferred, which need no PyTorch."""
    for name in HUGGING_FACE:
        if (folder / name).is_file():
            return folder / name
    raise UserError(f"{folder}: has none of {', '.join(HUGGING_FACE)}")


def _read_file(path: Path) -> dict[str, np.ndarray]:
    if path.suffix == ".npz":
        return read_arrays(path)
    return _read_safetensors(path) if path.suffix == ".safetensors" else _read_pytorch(path)


def _read_safetensors(path: Path) -> dict[str, np.ndarray]:
    try:
        with safe_open(path, "np") as file:
            return {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - not a dictionary
    except (SafetensorError, OSError, TypeError) as error:
        raise UserError(f"{path}: not a whole safetensors file ({_short(error)})") from error


def _read_parts(path: Path) -> dict[str, np.ndarray]:
    try:
        names = sorted(set(read_json(path)["weight_map"].values()))
    except (KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{path}: not an index of files, which has a field weight_map") from error
    state = {}
    for name in names:
        if not isinstance(name, str) or Path(name).name != name:
            raise UserError(f"{path}: field weight_map has {name!r}, but must name files in the same folder")
        state.update(_read_file(path.parent / name))
    return state


def _read_pytorch(path: Path) -> dict[str, np.ndarray]:
    torch = require_torch(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about the age of the file's format, which users cannot change
            # Settings of the command line, which lie beside some models as a plain object; they are not looked at.
            with torch.serialization.safe_globals([argparse.Namespace]):
                loaded = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise UserError(f"{path}: not a PyTorch file of arrays alone; code that it holds is not run") from error
    except Exception as error:  # whatever its many formats raise for truncated or foreign files
        raise UserError(f"{path}: not a PyTorch file, or not a whole one ({_short(error)})") from error
    if isinstance(loaded, Mapping) and isinstance(loaded.get("model"), Mapping):
        loaded = loaded["model"]
    if not isinstance(loaded, Mapping) or not all(isinstance(value, torch.Tensor) for value in loaded.values()):
        raise UserError(f"{path}: not a state_dict, which maps keys to arrays and to nothing else")
    try:
        return {str(key): _to_numpy(tensor) for key, tensor in loaded.items()}
    except (TypeError, RuntimeError, NotImplementedError) as error:
        raise UserError(f"{path}: holds an array of a kind that is not read here ({_short(error)})") from error


def _to_numpy(tensor: Any) -> np.ndarray:
    if tensor.is_complex():
        raise TypeError("complex numbers")
    plain = tensor.detach()
    return (plain.float() if plain.is_floating_point() else plain).numpy()


def require_torch(path: Path) -> ModuleType:
    """Imports PyTorch, which only PyTorch files need."""
    try:
        import torch
    except ImportError:
        raise UserError(f"{path}: a PyTorch file needs PyTorch; pip install 'space-jax[torch]'") from None
    return torch


def write_safetensors(path: Path, state: Mapping[str, np.ndarray]) -> None:
    """Writes arrays as other tools expect them (`format` says whose row order; PyTorch's is NumPy's)."""
    save_file(dict(state), path, metadata={"format": "pt"})
    os.chmod(path, 0o644)  # it makes its files private


def write_state(path: Path, state: Mapping[str, np.ndarray]) -> None:
    """Writes arrays to a file, atomically: safetensors if it is named so, else a PyTorch `state_dict`.

    Raises:
      UserError: a file that exists or cannot be written; a PyTorch file without PyTorch.
    """
    torch = None if path.suffix == ".safetensors" else require_torch(path)
    if path.exists():
        raise UserError(f"--out {path}: exists already; name another file, or delete it")
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if torch is None:
            write_safetensors(temporary, state)
        else:
            torch.save({key: torch.from_numpy(np.array(array)) for key, array in state.items()}, temporary)
        os.replace(temporary, path)
    except (OSError, RuntimeError, SafetensorError) as error:
        raise UserError(f"--out {path}: cannot be written ({_short(error)})") from error
    finally:
        if temporary.exists():
            temporary.unlink()


def _short(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= _REASON else text[:_REASON] + "..."
