"""A folder of converted weights: arrays in our layout, their sizes, and the tokenizer if there is one.

    weights.safetensors   path of a parameter -> float32 array
    weights.json          {"format": 1, "model": {sizes}, "recipe": "space3" or null, "source": ...}
    tokenizer/            see `features.tokenizer_folder`

The folder appears complete or not at all.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from space_jax.config import ModelConfig, Vocabulary
from space_jax.convert.mapping import require_sizes
from space_jax.convert.state_files import read_state, write_safetensors
from space_jax.errors import UserError
from space_jax.features.layout import RECIPES
from space_jax.features.tokenizer import load_tokenizer
from space_jax.models.weights import Weights, require_finite
from space_jax.reading.json_text import read_json
from space_jax.writing import writing

DESCRIPTION, ARRAYS, TOKENIZER = "weights.json", "weights.safetensors", "tokenizer"
FORMAT = 1
_SIZES = ("layers", "hidden", "heads", "mlp", "positions", "roles", "turns", "layer_norm_epsilon", "adapter")


@contextmanager
def new_folder(out: Path) -> Iterator[Path]:
    """A temporary folder to fill, which becomes `out` on success.

    Raises:
      UserError: `out` exists and is not empty, or the disk is full.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UserError(f"--out {out}: exists already; name another folder, or delete it")
    out = out.absolute()  # `.` has no name of its own
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        filling = Path(tempfile.mkdtemp(dir=out.parent, prefix=f".{out.name}."))
    except OSError as error:
        raise UserError(f"--out {out}: cannot be made ({error.strerror})") from error
    try:
        with writing(f"--out {out}", "nothing of it is left; make room, then try again"):
            yield filling
            os.chmod(filling, 0o755)  # mkdtemp makes it private
            os.replace(filling, out)
    finally:
        shutil.rmtree(filling, ignore_errors=True)


def write_weights(folder: Path, weights: Weights) -> None:
    """Writes converted weights into an empty folder."""
    sizes = {name: getattr(weights.model, name) for name in _SIZES} | {"vocabulary": weights.model.vocabulary.size}
    said = {"format": FORMAT, "model": sizes, "recipe": weights.recipe, "source": weights.source}
    write_safetensors(folder / ARRAYS, weights.arrays)
    if weights.tokenizer is not None:
        weights.tokenizer.save(folder / TOKENIZER)
    (folder / DESCRIPTION).write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")


def read_weights_folder(folder: Path) -> Weights:
    """Reads what `write_weights` wrote.

    Raises:
      UserError: damaged, of another version, or its parts do not belong together.
    """
    path = folder / DESCRIPTION
    try:
        said = read_json(path)
        sizes = dict(said["model"])
        model = ModelConfig(vocabulary=Vocabulary(size=sizes.pop("vocabulary")), **sizes)
        if said["format"] != FORMAT:
            raise ValueError(f"format {said['format']!r} is not {FORMAT}")
        recipe = said["recipe"]
        if recipe not in (None, *RECIPES):
            raise ValueError(f"recipe {recipe!r} is none of {', '.join(RECIPES)}")
    except (OSError, ValueError, KeyError, TypeError, UserError) as error:
        raise UserError(f"{path}: not a description of converted weights of this version ({error})") from error
    tokenizer = load_tokenizer(folder / TOKENIZER) if (folder / TOKENIZER).is_dir() else None
    arrays = read_state(folder / ARRAYS)
    require_finite(arrays, str(folder / ARRAYS))
    require_sizes(arrays, model, str(folder))
    if tokenizer is not None and tokenizer.vocabulary().size != model.vocabulary.size:
        raise UserError(
            f"{folder}: its tokenizer has {tokenizer.vocabulary().size} tokens, and its weights {model.vocabulary.size}"
        )
    return Weights(arrays, model, recipe, tokenizer, str(folder))
