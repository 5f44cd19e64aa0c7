"""Keeps compiled programs on disk, so that the second start of a run does not compile again."""

import os
from pathlib import Path

VARIABLE = "JAX_COMPILATION_CACHE_DIR"


def default_folder() -> Path:
    """`space_jax/programs` in the user's cache folder."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "space_jax" / "programs"


def keep_programs() -> None:
    """Gives JAX a folder for its persistent compilation cache, unless the environment names one.

    `JAX_COMPILATION_CACHE_DIR` is the one setting: unset it means `default_folder`, empty it disables the cache. JAX
    reads it at import, so this must run before. Programs that compile within a second are not kept.
    """
    os.environ.setdefault(VARIABLE, str(default_folder()))
