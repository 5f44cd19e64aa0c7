"""A simple model of pre-training at scale: memory, time and cost from a handful of numbers (docs/scaling.md).

It may be off by a quarter, but it should tell what fits, what the bottleneck is, and what a run costs.
"""

import dataclasses
import math

from space_jax.scale.chips import CHIPS, Chip

FLOAT = 4  # bytes; parameters, gradients and AdamW's two moments are float32 whatever model.dtype is


@dataclasses.dataclass(frozen=True)
class Slice:
    """Chips that train together.

    Attributes:
      name: name in the table.
      chip: `jax.Device.device_kind`.
      chips: number of chips.
      fsdp: number of chips among which the state is divided; the others hold copies.
    """

    name: str
    chip: str
    chips: int
    fsdp: int = 1

    @property
    def peaks(self) -> Chip:
        """The peak performance of one chip."""
        return CHIPS[self.chip]


@dataclasses.dataclass(frozen=True)
class Work:
    """The work of one optimiser step.

    Attributes:
      parameters: number of parameters.
      flops: FLOPs of the step's matrix products on all chips, see `Program.needed`.
      rows: grid rows per step.
      row_bytes: bytes of activations stored per row until its backward pass, from a compile report.
      dtype: `model.dtype`.
      accumulate: micro-batches per step.
      recomputed: share of the forward pass that is recomputed (`model.remat`), 0 or 1.
    """

    parameters: int
    flops: float
    rows: int
    row_bytes: float
    dtype: str = "float32"
    accumulate: int = 1
    recomputed: float = 0.0


@dataclasses.dataclass(frozen=True)
class Estimate:
    """Estimate of one step on a slice: bytes per chip, and seconds."""

    state: float
    activations: float
    available: float
    compute: float
    communication: float

    @property
    def memory(self) -> float:
        """Total bytes per chip."""
        return self.state + self.activations

    @property
    def fits(self) -> bool:
        """Whether a chip has enough memory."""
        return self.memory <= self.available

    @property
    def seconds(self) -> float:
        """Time of a step: computation and communication overlap, so the slower counts."""
        return max(self.compute, self.communication)


def estimate(work: Work, where: Slice, efficiency: float) -> Estimate:
    """Estimates a step of `work` on a slice.

    state          = 4 B x parameters x (1 parameters + 2 moments + 1 gradients) / fsdp
    activations    = row_bytes x rows of a chip and micro-batch, rounded up to whole rows
    compute        = flops x (1 + recomputed / 3) / (chips x peak x efficiency)
    communication  = bytes / links, where bytes = 2 x 4 B x parameters / f x (n - 1) / n for the all-reduce of gradients
                     over n = chips / fsdp copies, and 3 x 4 B x parameters x (f - 1) / f for two
                     all-gathers of parameters and a reduce-scatter of gradients over f = fsdp, for each micro-batch

    Args:
      work: the optimiser step.
      where: the slice.
      efficiency: share of the peak reached while computing; measure it with `space-jax bench`.
    """
    peaks, whole = where.peaks, FLOAT * work.parameters
    copies = where.chips // where.fsdp
    sent = 2 * whole / where.fsdp * (copies - 1) / copies
    sent += work.accumulate * 3 * whole * (where.fsdp - 1) / where.fsdp
    rows = math.ceil(work.rows / (where.chips * work.accumulate))
    return Estimate(
        state=4 * whole / where.fsdp,
        activations=rows * work.row_bytes,
        available=peaks.memory,
        compute=work.flops * (1 + work.recomputed / 3) / (where.chips * peaks.peak(work.dtype) * efficiency),
        communication=sent / peaks.links if where.chips > 1 else 0.0,
    )


def steps_of(turns: int, examples: int, epochs: int) -> int:
    """Optimiser steps for `epochs` passes over `turns` examples, with `examples` per step."""
    return math.ceil(turns * epochs / examples)


def cost(steps: int, seconds: float, chips: int, price: float) -> float:
    """The cost of a run: steps x seconds per step x chips x price per chip-hour."""
    return steps * seconds / 3600 * chips * price
