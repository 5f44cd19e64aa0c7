"""`space-jax compile`: the report, what is refused with its arithmetic, and TPU topologies where libtpu is there."""

import dataclasses
import json
import math
import re
from types import SimpleNamespace

import jax
import pytest

from space_jax.cli import main
from space_jax.config import MeshConfig
from space_jax.config_files import load_config
from space_jax.errors import UserError
from space_jax.features.grid import GridShape
from space_jax.scale import compile_ahead as compile_ahead_lib
from space_jax.scale import device_memory, topology
from space_jax.scale.compile_ahead import compile_ahead, report_table
from space_jax.scale.program import Program, plan_step
from space_jax.scale.shapes import batch_shapes, grid_on, with_vocabulary
from space_jax.training.memory_use import require_state_fits, state_bytes
from space_jax.training.mesh import make_mesh
from tests.training.run_of_pretraining import real_config

CONFIG_FILE = """
from tests.training.run_of_pretraining import real_config

def get_config():
    return real_config("space2", "no/corpus")
"""


@pytest.fixture(scope="module")
def report():
    """Of a tiny SPACE-2 for the eight devices of this test run; there is no corpus."""
    return compile_ahead(real_config("space2", "no/corpus"), jax.devices(), rows=1.0, vocabulary=400)


def test_the_report_says_memory_flops_and_collectives(report):
    per_chip = report["memory_per_chip"]
    parts = sum(per_chip[name] for name in ("arguments", "outputs_not_in_place", "temporaries", "code"))
    assert per_chip["peak"] == parts
    # fsdp 2 x tensor 2: most of the parameters and both moments, in quarters.
    assert 3 * 4 * report["parameters"] / 4 < per_chip["parameters_and_moments"] < 3 * 4 * report["parameters"] / 2
    assert per_chip["parameters_and_moments"] < per_chip["arguments"]
    assert report["batch"]["rows_of_a_micro_batch"] == 16
    assert report["flops"]["needed"] <= report["flops"]["products"]
    assert {"all-gather", "all-reduce"} <= set(report["collectives_per_chip"])
    assert json.loads(json.dumps(report)) == report
    assert report_table(report).row_count > 8
    assert "peak (GiB per chip)" in report._repr_mimebundle_([], [])["text/plain"]  # what a notebook shows


def test_the_batch_has_the_shapes_of_training(report):
    config = with_vocabulary(real_config("space2", "no/corpus"), 400)
    batch = batch_shapes(config, make_mesh(config.mesh), rows=1.0)
    assert batch.context.ids.shape == (1, 16, 64)
    assert batch.valid.shape == (1, 16)
    assert batch.user_tree.shape == (1, 16, 10, 8)
    assert math.prod(batch.context.ids.sharding.shard_shape(batch.context.ids.shape)) == 4 * 64


def of_three_shapes():
    """A configuration with a ladder of three shapes, of which one covers another, for one device."""
    config = real_config("space2", "no/corpus")
    data = dataclasses.replace(config.data, grids=((0.25, 96, 32), (0.125, 96, 32)))
    return dataclasses.replace(config, data=data, mesh=MeshConfig(), model=dataclasses.replace(config.model, layers=1))


def test_every_shape_of_the_ladder_is_certified(monkeypatch):
    """None that a run can meet is larger than those that were compiled."""
    config, one = of_three_shapes(), jax.devices()[:1]
    memory = {GridShape(4, 96, 32): 300, GridShape(16, 64, 32): 200}
    monkeypatch.setattr(
        compile_ahead_lib, "_compiled", lambda plan, batch, fit: program(arguments=memory[batch.shape], temporaries=0)
    )
    report = compile_ahead(config, one, vocabulary=400)
    shapes = [(s["rows"], s["context"], s["response"], s["compiled"], s["peak_at_most"]) for s in report["shapes"]]
    assert shapes == [(2, 96, 32, False, 300), (4, 96, 32, True, 300), (16, 64, 32, True, 200)]
    assert [shape[:3] for shape in shapes] == list(grid_on(config, make_mesh(config.mesh, one)).rungs)
    assert report["memory_per_chip"]["peak"] == 300
    assert report["batch"]["context_length"] == 96
    assert "2 x 96 + 32: at most " in report._repr_mimebundle_([], [])["text/plain"]


@pytest.mark.slow
def test_a_shape_within_another_needs_no_more_memory():
    """What the report says of the shapes that it does not compile."""
    config, one = of_three_shapes(), jax.devices()[:1]
    report = compile_ahead(config, one, vocabulary=400)
    small = compile_ahead(config, one, rows=0.125, vocabulary=400)
    assert small["memory_per_chip"]["peak"] <= report["shapes"][0]["peak_at_most"]
    assert [s["peak_at_most"] is None for s in small["shapes"]] == [False, True, True]


@pytest.mark.parametrize("rows", [0.25, 1.0])
@pytest.mark.parametrize("name", ["space1", "space2", "space3", "space3_sgd", "quickstart"])
def test_every_configuration_has_shapes(name, rows):
    """Also those whose smaller grids have wider rows than the largest."""
    config = with_vocabulary(load_config(f"configs/{name}.py:tiny", {}), 400)
    batch = batch_shapes(config, make_mesh(config.mesh), rows=rows)
    grids = {config.data.context_length, *(context for _, context, _ in config.data.grids)}
    assert batch.context.ids.shape[2] in grids
    assert batch.context.ids.shape[1] >= rows * config.data.batch_size


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("mesh.fsdp=3", r"data \? x fsdp 3 x tensor 2 cannot cover 8 devices"),
        ("data.batch_size=6", r"6 examples do not divide among 1 micro-batches x 4 parts .*remainder 2"),
        ("mesh.tensor=8", r"axis 'heads' of size 4 is not divisible .*tensor 8 = 8, remainder 4"),
    ],
)
def test_what_does_not_divide_is_refused_with_the_arithmetic(tmp_path, capsys, override, message):
    (tmp_path / "c.py").write_text(CONFIG_FILE)
    changes = ["--config.mesh.fsdp=1"] if override == "mesh.tensor=8" else []
    assert main(["compile", "--config", str(tmp_path / "c.py"), *changes, f"--config.{override}"]) == 2
    assert re.search(message, capsys.readouterr().err)


def program(**sizes):
    fields = dict.fromkeys(("rows", "outputs", "code", "flops", "bytes_accessed", "products", "needed"), 0)
    return Program(**{**fields, "seconds": 0.0, "traffic": {}, "memory_traffic": 0, **sizes})


@pytest.fixture(scope="module")
def abstract():
    """The train state of a tiny SPACE-3, by shapes."""
    config = with_vocabulary(real_config("space3", "no/corpus"), 400)
    mesh = make_mesh(config.mesh)
    return plan_step(config, mesh, batch_shapes(config, mesh)).abstract


def plan_on(kind, abstract):
    """What the refusals read of a plan: a device and the state."""
    device = SimpleNamespace(device_kind=kind, memory_stats=lambda: None)
    return SimpleNamespace(mesh=SimpleNamespace(devices=SimpleNamespace(flat=[device])), abstract=abstract)


def test_a_step_that_needs_more_than_a_device_has_is_refused_with_the_sum(abstract):
    plan = plan_on("TPU v5 lite", abstract)
    device_memory.require_program_fits(plan, program(arguments=2**33, temporaries=2**32))
    with pytest.raises(UserError, match=r"20\.00 GiB per device \(arguments 8\.00 \+ temporaries 12\.00 .* has 15\.75"):
        device_memory.require_program_fits(plan, program(arguments=2**33, temporaries=3 * 2**32))
    of_unknown_memory = plan_on("cpu", abstract)
    device_memory.require_program_fits(of_unknown_memory, program(arguments=2**50, temporaries=0))


def test_the_compiler_running_out_of_memory_is_a_refusal(abstract):
    plan = plan_on("TPU v5 lite", abstract)
    refusal = device_memory.out_of_memory(RuntimeError("RESOURCE_EXHAUSTED: Used 24.36G of 15.75G hbm. Exceeded"), plan)
    assert "needs 24.36G and has 15.75G per device" in str(refusal)
    assert device_memory.out_of_memory(RuntimeError("INTERNAL: other"), plan) is None


def test_a_state_larger_than_the_device_is_refused_before_training(abstract):
    state = abstract
    needed = 2 * state_bytes(state.params) + state_bytes(state.opt_state)

    def device(limit):
        stats = {"bytes_limit": limit} if limit else None
        return SimpleNamespace(process_index=0, platform="tpu", memory_stats=lambda: stats)

    require_state_fits(state, [device(needed)])
    require_state_fits(state, [device(None)])
    with pytest.raises(UserError, match=r"for the state alone \(parameters .* \+ AdamW's moments .* \+ gradients"):
        require_state_fits(state, [device(needed - 1)])


def test_without_libtpu_a_sentence_says_what_to_install(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(topology.importlib.util, "find_spec", lambda name: None)
    (tmp_path / "c.py").write_text(CONFIG_FILE)
    assert main(["compile", "--config", str(tmp_path / "c.py"), "--topology", "v5e:4x4"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("space-jax: --topology v5e:4x4: needs libtpu")
    assert "pip install 'space-jax[tpu]'" in said
    assert said.count("\n") == 1


needs_libtpu = pytest.mark.skipif(not topology.has_libtpu(), reason="libtpu is not installed (extra tpu)")


@needs_libtpu
def test_a_tpu_slice_of_four_chips():
    config = real_config("space3", "no/corpus")
    found = compile_ahead(config, topology.topology_devices("v5e:2x2"), rows=1.0, vocabulary=400)
    assert (found["device"], found["devices"]) == ("TPU v5 lite", 4)
    assert 0 < found["memory_per_chip"]["peak"] < found["memory_per_chip"]["available"]
    assert found["flops"]["xla_per_chip"] > 0
    assert found["collectives_per_chip"]


@needs_libtpu
def test_an_unknown_topology_and_a_tensor_axis_over_hosts():
    with pytest.raises(UserError, match="--topology v5e:3x: libtpu does not know it"):
        topology.topology_devices("v5e:3x")
    mesh = make_mesh(MeshConfig(data=1, tensor=16), topology.topology_devices("v5e:4x4"))
    with pytest.raises(UserError, match="4 processes do not divide the 1 parts"):
        batch_shapes(with_vocabulary(real_config("space3", "no/corpus"), 400), mesh)
