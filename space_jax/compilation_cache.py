"""What JAX reads when it is imported: where compiled programs are kept for the next start, and what XLA says."""

import os
from pathlib import Path

VARIABLE = "JAX_COMPILATION_CACHE_DIR"


def default_folder() -> Path:
    """`space_jax/programs` in the user's cache folder."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "space_jax" / "programs"


def programs_folder() -> Path | None:
    """The folder that JAX was given; None if it keeps no programs, or in a bucket."""
    folder = os.environ.get(VARIABLE)
    return None if not folder or "://" in folder else Path(folder)


def keep_programs() -> None:
    """Gives JAX a folder for its persistent compilation cache, unless the environment names one.

    `JAX_COMPILATION_CACHE_DIR` is the one setting: unset it means `default_folder`, empty it disables the cache. JAX
    reads it at import, so this must run before. Programs that compile within a second are not kept.
    """
    os.environ.setdefault(VARIABLE, str(default_folder()))


def leave_out_banners() -> None:
    """Keeps XLA's log, which comes as banners over progress and results, off standard error.

    What goes wrong comes as an exception. `TF_CPP_MIN_LOG_LEVEL=0` shows everything.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
