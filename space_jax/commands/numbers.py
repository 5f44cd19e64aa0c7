"""Numbers on the command line: types of `argparse` that refuse one in a sentence with its option."""

import math
from collections.abc import Callable

from space_jax.config import SEEDS
from space_jax.errors import UserError
from space_jax.printable import shown


def seed(option: str) -> Callable[[str], int]:
    """Reads a seed of JAX's generators, see `config.require_seed`."""

    def read(text: str) -> int:
        if not text.isdecimal() or len(text) > len(str(SEEDS)) or int(text) >= SEEDS:
            raise UserError(f"{option}: {shown(text)} is not a seed, a whole number from 0 to {SEEDS - 1}")
        return int(text)

    return read


def seeds(option: str) -> Callable[[str], list[int]]:
    """Reads seeds joined by commas, each once; an empty text has none."""

    def read(text: str) -> list[int]:
        given = [seed(option)(part.strip()) for part in text.split(",") if part.strip()]
        if len(set(given)) != len(given):
            raise UserError(f"{option}: {shown(text)} names a seed twice")
        return given

    return read


def finite(option: str) -> Callable[[str], float]:
    """Reads a number that is neither NaN nor infinite."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise UserError(f"{option}: {shown(text)} is not a finite number")
        return value

    return read
