"""The notebooks: each equals the script beside it, which runs from top to bottom; interrupting a cell saves a run."""

import ast
import importlib.util
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

import space_jax
from space_jax.training.metrics import read_records

ROOT = Path(__file__).resolve().parents[1]
NAMES = ("quickstart", "losses", "own_data", "tpu")
LARGEST = 40_000  # bytes
COLAB = "https://colab.research.google.com/github"


def notebook(name):
    return json.loads((ROOT / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8"))


def cells_of_script(name):
    """(type, text) of each cell of a script in the percent format; magics are comments there, markdown too."""
    text = (ROOT / "notebooks" / f"{name}.py").read_text(encoding="utf-8")
    header, *parts = re.split(r"^# %%", text, flags=re.MULTILINE)
    assert header.startswith("# ---\n# jupyter:\n")
    for part in parts:
        kind, _, body = part.partition("\n")
        lines = body.strip("\n").split("\n")
        if kind.strip() == "[markdown]":
            yield "markdown", "\n".join(line.removeprefix("#").removeprefix(" ") for line in lines)
        else:
            yield "code", "\n".join(re.sub(r"^# (?=[%!]\w)", "", line) for line in lines)


def test_every_notebook_has_its_script():
    folder = ROOT / "notebooks"
    for kind in ("ipynb", "py"):
        assert {path.stem for path in folder.glob(f"*.{kind}")} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_is_its_script_and_small(name):
    """If it is not: jupytext --update --to ipynb notebooks/NAME.py."""
    cells = notebook(name)["cells"]
    assert [(cell["cell_type"], "".join(cell["source"])) for cell in cells] == list(cells_of_script(name))
    assert (ROOT / "notebooks" / f"{name}.ipynb").stat().st_size <= LARGEST
    for cell in cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


@pytest.mark.parametrize("name", NAMES)
def test_the_first_three_cells(name):
    first, second, third = ("".join(cell["source"]) for cell in notebook(name)["cells"][:3])
    repository = re.search(rf"\]\({COLAB}/([^/]+/[^/]+)/blob/main/notebooks/{name}\.ipynb\)", first)
    assert repository
    assert f'"space-jax @ git+https://github.com/{repository[1]}"' in second
    assert 'if importlib.util.find_spec("space_jax") is None:' in second
    assert "upgrade" not in second
    for shown in ("space_jax.__version__", "jax.__version__", "jax.devices()"):
        assert shown in third


@pytest.mark.parametrize("name", NAMES)
def test_only_public_names_are_used(name):
    tree = ast.parse((ROOT / "notebooks" / f"{name}.py").read_text(encoding="utf-8"))
    public = {"space_jax": {*space_jax.__all__, "__version__"}, "losses": set(space_jax.losses.__all__)}
    used = [
        (node.value.id, node.attr)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in public
    ]
    assert len(used) > 4
    assert [f"{module}.{attribute}" for module, attribute in used if attribute not in public[module]] == []
    imported = {
        node.module if isinstance(node, ast.ImportFrom) else alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert not [module for module in imported if module.startswith("space_jax.")]


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_script_runs_from_top_to_bottom(name, tmp_path):
    """With few steps; a warning that a reader would see in the output is an error."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "SPACE_JAX_NOTEBOOK_FAST": "1",
        "SPACE_JAX_BUCKET": "",
        "MPLBACKEND": "agg",
        # Without the eight devices of the tests: these programs run once, and are slow to compile for eight.
        "XLA_FLAGS": "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true",
    }
    # Python shows deprecations to no reader, but some of pyparsing's are both kinds of warning at once.
    strict = ["-W", "error::UserWarning", "-W", "ignore::DeprecationWarning"]
    command = [sys.executable, *strict, ROOT / "notebooks" / f"{name}.py"]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"space_jax {space_jax.__version__} | jax ")


CELL = """
import time
import tests.training.test_loop as t
from space_jax.training.loop import train
from space_jax.training.workdir import Workdir
result = train(t.{kind}(before_batch=lambda n: time.sleep(0.5)), Workdir({workdir!r}))
print("step", result.step, "of 6, stopped", result.stopped)
"""


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    """A running Jupyter kernel, and what executes a cell in it."""
    for module in ("jupyter_client", "ipykernel"):
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"{module} is not installed (extra notebook)")
    from jupyter_client.manager import KernelManager

    manager = KernelManager()  # of the kernel that ipykernel installs beside this Python
    manager.kernel_spec.argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    cache = {"JAX_COMPILATION_CACHE_DIR": str(tmp_path_factory.mktemp("cache"))}
    manager.start_kernel(env={**os.environ, **cache, "PYTHONPATH": str(ROOT)})
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=120)
    yield manager, client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def shown_by(client, asked):
    """The status of a cell once it has ended, and everything that it shows."""
    shown = []
    while True:
        message = client.get_iopub_msg(timeout=300)
        if message["parent_header"].get("msg_id") != asked:
            continue
        content = message["content"]
        shown.append(content.get("text") or content.get("data", {}).get("text/plain") or "")
        if message["msg_type"] == "status" and content["execution_state"] == "idle":
            return client.get_shell_msg(timeout=60)["content"]["status"], "".join(shown)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["pretraining", "finetuning"])
def test_interrupting_a_cell_saves_and_running_it_again_continues(kernel, tmp_path, kind):
    manager, client = kernel
    workdir = tmp_path / "run"
    cell = CELL.format(kind=kind, workdir=str(workdir))
    asked = client.execute(cell)
    deadline = time.monotonic() + 300
    while not any(record["kind"] == "train" for record in read_records(workdir / "metrics.jsonl")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    manager.interrupt_kernel()
    status, shown = shown_by(client, asked)
    assert status == "ok", shown
    assert "interrupted: finishes the step, then saves" in shown
    stopped = re.search(r"stopped after step (\d); running the cell again continues from here", shown)
    assert stopped, shown
    assert f"step {stopped[1]} of 6, stopped True" in shown

    status, shown = shown_by(client, client.execute(cell))
    assert status == "ok", shown
    assert f"resuming at step {stopped[1]}" in shown
    assert "step 6 of 6, stopped False" in shown
