"""How long training steps took to compile on this machine, so that a run can say what it waits for.

The times lie beside the compiled programs and go with them. A program that was compiled before is read, which is
faster. A new one is expected to take as long as the last one of its kind: the time depends on the recipe and the number
of layers, and hardly on their width.
"""

import dataclasses
import functools
import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import jax

from space_jax.compilation_cache import programs_folder
from space_jax.errors import UserError
from space_jax.reading.json_text import read_json

FILE = "seconds_to_compile.json"
_HIT = "/jax/compilation_cache/cache_hits"


@dataclasses.dataclass(frozen=True)
class Step:
    """What is known of a step before it is compiled.

    Attributes:
      kind: of steps that take about as long to compile.
      program: identifies the very program.
    """

    kind: str
    program: str

    @classmethod
    def of(cls, kind: Mapping[str, Any], program: Any) -> "Step":
        """The step of a kind, such as a recipe with so many layers, on this machine's devices."""
        here = {**kind, "device": jax.devices()[0].device_kind, "devices": jax.device_count(), "jax": jax.__version__}
        return cls(_digest(here), _digest([here, program]))


class _Hits:
    """The programs that JAX has read instead of compiling them."""

    def __init__(self) -> None:
        self.count = 0
        jax.monitoring.register_event_listener(self._on_event)

    def _on_event(self, event: str, **_: Any) -> None:
        self.count += event == _HIT


_hits = functools.cache(_Hits)


def expected(step: Step) -> str:
    """`compiling the step, about 20 s`; without a number where none is known. To be asked just before compiling."""
    _hits().count = 0
    known = _read()
    if step.program in known:
        return f"reading the compiled step{_about(known[step.program])}"
    return f"compiling the step{_about(known.get(step.kind))}"


def record(step: Step, seconds: float) -> None:
    """Remembers how long a step took since `expected`: to be compiled, or to be read."""
    folder, known = programs_folder(), _read()
    if folder is None or jax.process_index():
        return
    compiled: dict[str, float | None] = {step.kind: seconds, step.program: None}
    new = {step.program: seconds} if _hits().count else compiled
    temporary = folder / f".{FILE}.{os.getpid()}"
    with suppress(OSError):  # a full disk must not end a run for this
        folder.mkdir(parents=True, exist_ok=True)
        temporary.write_text(json.dumps({**known, **new}), encoding="utf-8")
        os.replace(temporary, folder / FILE)


def _about(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return f", about {round(seconds)} s" if seconds < 100 else f", about {round(seconds / 60)} min"


def _read() -> dict[str, float | None]:
    folder = programs_folder()
    if folder is None:
        return {}
    try:
        known = read_json(folder / FILE)
    except UserError:  # not there yet, or damaged
        return {}
    good = isinstance(known, dict) and all(value is None or type(value) in (int, float) for value in known.values())
    return known if good else {}


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=repr).encode()).hexdigest()[:16]
