"""Compiles the training step ahead of time for machines that need not exist, and reports on it."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import jax
from rich.table import Table

from space_jax.config import PretrainConfig
from space_jax.features.batch import Batch
from space_jax.features.grid import Grid, GridShape
from space_jax.scale.chips import CHIPS
from space_jax.scale.device_memory import out_of_memory, require_program_fits
from space_jax.scale.program import MODEL_FIELDS, Program, StepPlan, compile_step, plan_step
from space_jax.scale.report import Report
from space_jax.scale.shapes import batch_shapes, grid_on, process_count, with_vocabulary
from space_jax.scale.topology import topology_devices
from space_jax.training.least_memory import GIB
from space_jax.training.memory_use import state_bytes
from space_jax.training.mesh import make_mesh


def compile_ahead(
    config: PretrainConfig,
    devices: str | Sequence[jax.Device] | None = None,
    rows: float | None = None,
    vocabulary: int = 30522,
    fit: bool = True,
) -> Report:
    """Compiles the training step of a configuration for devices that need not exist.

    Args:
      config: of a run; its corpora are not read.
      devices: a TPU slice by generation and shape, such as "v5e:4x4" (16 chips); devices of JAX; or None for those of
        this machine.
      rows: of the grid, as a share of the batch, see `shapes.batch_shapes`. By default every shape of the ladder is
        compiled that no other covers in all dimensions, so that no step of the run is larger than those compiled.
      vocabulary: number of token ids; BERT's unless given.
      fit: whether to raise an error for a step that needs more memory than a device has.

    Returns:
      What `space-jax compile --json` prints (memory, FLOPs, collectives), of the step with the highest peak of memory,
      and in `shapes` every shape of the ladder; a notebook shows it as a table.

    Raises:
      UserError: a slice that libtpu does not know, or no libtpu; the configuration does not divide among the devices,
        or does not fit in memory.
    """
    chips: Sequence[jax.Device] = topology_devices(devices) if isinstance(devices, str) else devices or jax.devices()
    config = with_vocabulary(config, vocabulary)
    mesh = make_mesh(config.mesh, chips)
    grid = grid_on(config, mesh)
    batches = [batch_shapes(config, mesh, rung) for rung in ([rows] if rows is not None else grid.uncovered)]
    plan = plan_step(config, mesh, batches[0])
    programs = {batch.shape: _compiled(plan, batch, fit) for batch in batches}
    return Report(_measured(plan, programs, grid), report_table)


def _compiled(plan: StepPlan, batch: Batch, fit: bool) -> Program:
    try:
        _, program = compile_step(plan, batch)
    except jax.errors.JaxRuntimeError as error:
        refusal = out_of_memory(error, plan)
        if refusal is None:
            raise
        raise refusal from error
    if fit:
        require_program_fits(plan, program)
    return program


def _measured(plan: StepPlan, programs: Mapping[GridShape, Program], grid: Grid) -> dict[str, Any]:
    """What the report says."""
    shape = max(programs, key=lambda shape: programs[shape].peak)
    program = programs[shape]
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
            for name in (*MODEL_FIELDS, "dropout", "attention_dropout", "dropout_generator")
        },
        "batch": {
            "examples": config.data.batch_size,
            "micro_batches": config.optimiser.accumulate,
            "rows_of_a_micro_batch": shape.rows,
            "context_length": shape.context,
            "response_length": shape.response,
        },
        "shapes": [_shape_report(rung, programs, process_count(plan.mesh)) for rung in grid.rungs],
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
        "memory_traffic_per_chip": program.memory_traffic,
        "collectives_per_chip": {kind: traffic._asdict() for kind, traffic in program.traffic.items()},
        "compile_seconds": round(program.seconds, 1),
    }


def _shape_report(rung: GridShape, programs: Mapping[GridShape, Program], processes: int) -> dict[str, Any]:
    """A shape of the ladder on all processes: its own memory if it was compiled, else that of a shape that covers it.

    Where only some shapes were asked for, another one may have neither.
    """
    whole = rung._replace(rows=rung.rows * processes)
    covering = [shape for shape in programs if shape.covers(whole)]
    smallest = min(covering, key=lambda shape: programs[shape].peak, default=None)
    bound = None if smallest is None else programs[smallest].peak
    return {**whole._asdict(), "compiled": whole in programs, "peak_at_most": bound}


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
    table.add_row("shapes of a step", "\n".join(map(_shape_line, report["shapes"])))
    for name in ("arguments", "outputs_not_in_place", "temporaries", "code", "peak", "available"):
        if memory[name] is not None:
            table.add_row(f"{name.replace('_', ' ')} (GiB per chip)", f"{memory[name] / GIB:.2f}")
    table.add_row(
        "FLOP per step, all chips", f"{flops['needed']:.3e} needed, {flops['products']:.3e} including recomputation"
    )
    table.add_row("FLOP per step and chip, by XLA", f"{flops['xla_per_chip']:.3e} (a loop counts once)")
    table.add_row("memory traffic per chip", f"{report['memory_traffic_per_chip'] / 1e9:.1f} GB")
    for kind, traffic in report["collectives_per_chip"].items():
        once = f" ({traffic['counted_once']} in loops of unknown length)" if traffic["counted_once"] else ""
        table.add_row(kind, f"{traffic['starts']}{once}, {traffic['bytes'] / 1e6:.1f} MB per chip")
    table.add_row("compiled in", f"{report['compile_seconds']} s")
    return table


def _shape_line(shape: Mapping[str, Any]) -> str:
    """For example `128 x 256 + 64: 3.20 GiB`."""
    size = f"{shape['rows']} x {shape['context']} + {shape['response']}"
    if shape["peak_at_most"] is None:
        return f"{size}: not compiled"
    return f"{size}: {'' if shape['compiled'] else 'at most '}{shape['peak_at_most'] / GIB:.2f} GiB"
