"""Which dialogues enter a mixture and how often: the guard, then duplicates, then proportions and caps; and the report.

Hashes decide everything: the same files, mixture and seed give the same selection, with any workers and order, and a
larger proportion or cap keeps everything that a smaller one keeps.
"""

import dataclasses
import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from space_jax.corpora.mixtures.deduplication import EXACT, KEPT, NEAR, duplicates
from space_jax.corpora.mixtures.description import HIDDEN, Mixture, MixtureSource
from space_jax.corpora.mixtures.guard import index_of
from space_jax.corpora.mixtures.sketches import Sketching
from space_jax.corpora.mixtures.sources import Benchmark, Part, benchmarks, parts
from space_jax.corpora.stream import state_of
from space_jax.dialogue.record import Dialogue
from space_jax.errors import UserError
from space_jax.features.build_units import Tick
from space_jax.features.example import without_labels
from space_jax.features.runners import Runner, serial
from space_jax.reading.arrays import read_array
from space_jax.reading.text import read_text

TRAIN, VALIDATION = SPLITS = ("train", "validation")
_HELD_OUT = 255  # in the file of a part: how often a dialogue enters, or this
_MOST = 254


@dataclasses.dataclass(frozen=True)
class Selected:
    """The dialogues of one split of a mixture, read again with each iteration; may be sent to other processes.

    Ids begin with the name of the source. A dialogue that enters several times keeps its id.
    """

    split: str
    parts: tuple[Part, ...]
    folder: Path
    few: Mapping[str, frozenset[str]] = dataclasses.field(default_factory=dict)

    def __iter__(self) -> Iterator[Dialogue]:
        for part in self.parts:
            times = read_array(_times_file(self.folder, part), mapped=True)
            if not (times == _HELD_OUT if self.split == VALIDATION else (times > 0) & (times < _HELD_OUT)).any():
                continue
            for dialogue, often in zip(part.dialogues, times, strict=True):
                chosen = often == _HELD_OUT if self.split == VALIDATION else often not in (0, _HELD_OUT)
                if chosen:
                    entered = self._entered(dialogue, part.source)
                    yield from [entered] * (1 if self.split == VALIDATION else int(often))

    def __len__(self) -> int:
        counts = [read_array(_times_file(self.folder, part)).astype(np.int64) for part in self.parts]
        return int(sum((t == _HELD_OUT).sum() if self.split == VALIDATION else t[t < _HELD_OUT].sum() for t in counts))

    def _entered(self, dialogue: Dialogue, source: MixtureSource) -> Dialogue:
        named = dataclasses.replace(dialogue, id=f"{source.name}/{dialogue.id}")
        hidden = source.annotation == HIDDEN or (source.name in self.few and dialogue.id not in self.few[source.name])
        return without_labels(named) if hidden else named


@dataclasses.dataclass(frozen=True)
class Selection:
    """The splits of a mixture, and the report on dialogues left out."""

    splits: dict[str, Selected]
    report: dict[str, Any]
    inputs: str

    def report_text(self) -> str:
        """The text of `guard.json`."""
        return json.dumps(self.report, indent=1) + "\n"


def select(
    mixture: Mixture,
    data_root: Path | None,
    folder: Path,
    *,
    seed: int = 0,
    few: Mapping[str, Sequence[str]] | None = None,
    runner: Runner = serial,
    tick: Tick | None = None,
) -> Selection:
    """Selects the dialogues of a mixture.

    Args:
      mixture: the description.
      data_root: holds the folders of the sources.
      folder: for the hashes; an interrupted selection of the same data there is continued. It must exist as long as the
        dialogues are read.
      seed: of what is drawn.
      few: source -> ids of the few-shot subset that `mixture.few` asks for. These dialogues enter even if they have
        duplicates, and none is held out; only the guard drops some.
      runner: does the work.
      tick: called with the number of dialogues of a source or benchmark read.

    Raises:
      UserError: files that are missing, an id that no dialogue has, or nothing is left.
    """
    subsets = {name: frozenset(ids) for name, ids in (few or {}).items()}
    if set(subsets) != set(mixture.few):
        raise ValueError(f"few has {sorted(subsets)}, but the mixture asks for subsets of {sorted(mixture.few)}")
    wanted = parts(mixture, data_root)
    guarded, absent = benchmarks(mixture, data_root)
    inputs = _inputs(mixture, wanted, guarded, seed, subsets)
    _own(folder, inputs)
    work = Sketching(tuple(wanted), mixture.guard, folder / "guard.npz", folder, seed, subsets)
    if not work.index.exists():
        partial = work.index.with_suffix(".partial")
        index_of(mixture.guard, guarded, tick).save(partial)
        partial.replace(work.index)
    runner(work, tick, None)
    report = _choose(mixture, work, [benchmark.name for benchmark in guarded], absent)
    splits = {split: Selected(split, work.parts, folder, subsets) for split in SPLITS}
    if not len(splits[TRAIN]):
        raise UserError(f"mixture {mixture.name}: no dialogue is left for training")
    return Selection({split: one for split, one in splits.items() if len(one)}, report, inputs)


def _choose(mixture: Mixture, work: Sketching, guarded: list[str], absent: list[str]) -> dict[str, Any]:
    """Writes how often each dialogue enters; returns the report."""
    records = [work.records(part) for part in work.parts]
    places = np.repeat(np.arange(len(records)), [len(one) for one in records])
    near = np.repeat([part.source.near for part in work.parts], [len(one) for one in records])
    few = np.concatenate([one["few"] for one in records])
    free = np.concatenate([one["reason"] == 0 for one in records])
    _check_found(work, records)
    found = np.full(len(free), KEPT, np.uint8)
    if mixture.deduplication.exact:
        text, long = (np.concatenate([one[name] for one in records])[free] for name in ("text", "long"))
        # Copies only the signatures of dialogues that may be kept.
        signature = np.concatenate([one["signature"][one["reason"] == 0] for one in records])
        order = np.where(few, -1, places)  # of duplicates, those of a few-shot subset are kept
        found[free] = duplicates(order[free], text, signature, long & near[free], mixture.deduplication.near)
        found[few] = KEPT
    sources: dict[str, Any] = {}
    for place, (part, one) in enumerate(zip(work.parts, records, strict=True)):
        mine = found[places == place]
        left = (one["reason"] == 0) & (mine == KEPT)
        times = _times(one["draw"], one["turns"], left, part.source, mixture.held_out, one["few"])
        _save_times(work.folder, part, times)
        dropped = work.dropped(part)
        reasons = Counter((drop["reason"], drop["benchmark"]) for drop in dropped)
        sources[f"{part.source.name}/{part.split}"] = {
            "read": len(one),
            "dropped by the guard": len(dropped),
            "guard": [{"reason": r, "benchmark": b, "dialogues": n} for (r, b), n in sorted(reasons.items())],
            "exact duplicates": int((mine == EXACT).sum()),
            "near duplicates": int((mine == NEAR).sum()),
            "not drawn": int((left & (times == 0)).sum()),
            "held out": int((times == _HELD_OUT).sum()),
            "kept": int(((times > 0) & (times < _HELD_OUT)).sum()),
            "entries": int(times[times < _HELD_OUT].sum()),
            "dropped": dropped,
        }
        if part.source.name in mixture.few:
            subset = {"shots": mixture.few[part.source.name], "seed": mixture.few_seed, "drawn": int(one["few"].sum())}
            sources[f"{part.source.name}/{part.split}"]["few"] = subset | {"kept": int((one["few"] & left).sum())}
    return {"mixture": mixture.name, "guarded": guarded, "not at hand, not guarded": absent, "sources": sources}


def _check_found(work: Sketching, records: list[np.ndarray]) -> None:
    for name, ids in work.few.items():
        pairs = zip(work.parts, records, strict=True)
        found = sum(int(one["few"].sum()) for part, one in pairs if part.source.name == name)
        if found != len(ids):
            raise UserError(
                f"few: the subset of {name} has {len(ids)} training records, and {found} of them are dialogues of the "
                "source as the mixture takes it; does it take the split train, and is it not left out?"
            )


def _times(
    draw: np.ndarray, turns: np.ndarray, left: np.ndarray, source: MixtureSource, held_out: float, few: np.ndarray
) -> np.ndarray:
    """How often each dialogue of a part enters: `[N]` uint8, `_HELD_OUT` for those of the validation split.

    The upper half of the draw says who is held out, the lower who enters more often and, by its order, first. Those of
    a few-shot subset enter at least once.
    """
    out = left & ~few & ((draw >> np.uint64(32)) / 2**32 < held_out)
    chance = (draw & np.uint64(2**32 - 1)) / 2**32
    whole = int(source.proportion)
    times = np.where(left & ~out, whole + (chance < source.proportion - whole), 0)
    order = np.argsort(chance, kind="stable")
    for cap, size in ((source.cap_dialogues, np.ones_like(turns)), (source.cap_turns, turns)):
        if cap is not None:
            used = np.cumsum((times * size)[order])
            times[order[used > cap]] = 0
    times = np.where(left & few, np.maximum(times, 1), times)
    if times.max(initial=0) > _MOST:
        raise UserError(f"source {source.name}: field proportion: {source.proportion} is above {_MOST}")
    return np.where(out, _HELD_OUT, times).astype(np.uint8)


def _inputs(
    mixture: Mixture, wanted: list[Part], guarded: list[Benchmark], seed: int, few: Mapping[str, frozenset[str]]
) -> str:
    """Everything that a selection depends on."""
    streams = [*(part.dialogues for part in wanted), *(benchmark.dialogues for benchmark in guarded)]
    folders = {str(stream.source): state_of(stream.source) for stream in streams}
    subsets = {name: sorted(ids) for name, ids in few.items()}
    everything = [dataclasses.asdict(mixture), [repr(stream) for stream in streams], folders, seed, subsets]
    return hashlib.sha256(json.dumps(everything, sort_keys=True, default=str).encode()).hexdigest()


def _own(folder: Path, inputs: str) -> None:
    """Makes the folder, or empties it of another selection."""
    key = folder / "inputs"
    if not key.is_file() or read_text(key) != inputs:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        key.write_text(inputs, encoding="utf-8")


def _times_file(folder: Path, part: Part) -> Path:
    return folder / f"times-{part.key}.npy"


def _save_times(folder: Path, part: Part, times: np.ndarray) -> None:
    with _times_file(folder, part).open("wb") as file:
        np.save(file, times, allow_pickle=False)
