"""Compiles the training step ahead of time for machines that need not exist, and reports on it."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import jax
from rich.table import Table

from space_jax.config import PretrainConfig
from space_jax.scale.chips import CHIPS
from space_jax.scale.device_memory import out_of_memory, require_program_fits
from space_jax.scale.program import Program, StepPlan, compile_step, plan_step
from space_jax.scale.report import Report
from space_jax.scale.shapes import batch_shapes, with_vocabulary
from space_jax.scale.topology import topology_devices
from space_jax.training.least_memory import GIB
from space_jax.training.memory_use import state_bytes
from space_jax.training.mesh import make_mesh


def compile_ahead(
    config: PretrainConfig,
    devices: str | Sequence[jax.Device] | None = None,
    rows: float = 1.0,
    vocabulary: int = 30522,
    fit: bool = True,
) -> Report:
    """Compiles the training step of a configuration for devices that need not exist.

    Args:
      config: of a run; its corpora are not read.
      devices: a TPU slice by generation and shape, such as "v5e:4x4" (16 chips); devices of JAX; or None for those of
        this machine.
      rows: of the grid, as a share of the batch, see `shapes.batch_shapes`; the largest, 1.0, decides whether it fits.
      vocabulary: number of token ids; BERT's unless given.
      fit: whether to raise an error for a step that needs more memory than a device has.

    Returns:
      What `space-jax compile --json` prints (memory, FLOPs, collectives); a notebook shows it as a table.

    Raises:
      UserError: a slice that libtpu does not know, or no libtpu; the configuration does not divide among the devices,
        or does not fit in memory.
    """
    chips: Sequence[jax.Device] = topology_devices(devices) if isinstance(devices, str) else devices or jax.devices()
    config = with_vocabulary(config, vocabulary)
    mesh = make_mesh(config.mesh, chips)
    batch = batch_shapes(config, mesh, rows)
    plan = plan_step(config, mesh, batch)
    try:
        _, program = compile_step(plan, batch)
    except jax.errors.JaxRuntimeError as error:
        refusal = out_of_memory(error, plan)
        if refusal is None:
            raise
        raise refusal from error
    if fit:
        require_program_fits(plan, program)
    return Report(_measured(plan, program), report_table)


def _measured(plan: StepPlan, program: Program) -> dict[str, Any]:
    """What the report says."""
    config, chips = plan.config, list(plan.mesh.devices.flat)
    chip = CHIPS.get(chips[0].device_kind)
    return {
        "date": date.today().isoformat(),
        "jax": jax.__version__,
        "device": chips[0].device_kind,
        "devices": len(chips),
        "processes": len({device.process_index for device in chips}),
        "mesh": dict(plan.mesh.shape),
        "recipe": config.recipe.name,
        "model": {
            name: getattr(config.model, name)
            for name in ("layers", "hidden", "heads", "mlp", "dtype", "remat", "dropout")
        },
        "batch": {
            "examples": config.data.batch_size,
            "micro_batches": config.optimiser.accumulate,
            "rows_of_a_micro_batch": program.rows,
            "context_length": config.data.context_length,
            "response_length": config.data.response_length,
        },
        "parameters": sum(leaf.size for leaf in jax.tree.leaves(plan.abstract.params)),
        "memory_per_chip": {
            "parameters_and_moments": state_bytes(plan.abstract),
            "arguments": program.arguments,
            "outputs_not_in_place": program.outputs,
            "temporaries": program.temporaries,
            "code": program.code,
            "peak": program.peak,
            "available": int(chip.memory) if chip else None,
        },
        "flops": {
            "needed": program.needed,
            "products": program.products,
            "xla_per_chip": program.flops,
        },
        "bytes_accessed_per_chip": program.bytes_accessed,
        "collectives_per_chip": {kind: traffic._asdict() for kind, traffic in program.traffic.items()},
        "compile_seconds": round(program.seconds, 1),
    }


def report_table(report: Mapping[str, Any]) -> Table:
    """A report as a table."""
    memory, flops = report["memory_per_chip"], report["flops"]
    shape = " x ".join(f"{axis} {size}" for axis, size in report["mesh"].items())
    batch = report["batch"]
    table = Table(title=f"{report['device']} x {report['devices']}: {shape}", show_header=False)
    table.add_row(
        "model", f"{report['recipe']}, {report['parameters'] / 1e6:.1f} M parameters, {report['model']['dtype']}"
    )
    table.add_row(
        "batch",
        f"{batch['examples']} examples, {batch['micro_batches']} micro-batches of "
        f"{batch['rows_of_a_micro_batch']} rows x {batch['context_length']} tokens",
    )
    for name in ("arguments", "outputs_not_in_place", "temporaries", "code", "peak", "available"):
        if memory[name] is not None:
            table.add_row(f"{name.replace('_', ' ')} (GiB per chip)", f"{memory[name] / GIB:.2f}")
    table.add_row(
        "FLOP per step, all chips", f"{flops['needed']:.3e} needed, {flops['products']:.3e} including recomputation"
    )
    table.add_row("FLOP per step and chip, by XLA", f"{flops['xla_per_chip']:.3e} (a loop counts once)")
    table.add_row("bytes accessed per chip", f"{report['bytes_accessed_per_chip'] / 1e9:.1f} GB")
    for kind, traffic in report["collectives_per_chip"].items():
        table.add_row(kind, f"{traffic['starts']}, {traffic['bytes'] / 1e6:.1f} MB per chip")
    table.add_row("compiled in", f"{report['compile_seconds']} s")
    return table
