# ---
# jupyter:
#   accelerator: TPU
#   colab:
#     gpuType: V5E1
#   jupytext:
#     formats: ipynb,py:percent
#     notebook_metadata_filter: accelerator,colab
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/OWNER/REPO/blob/main/notebooks/tpu.ipynb)
#
# # From the devices that are there to a pod
#
# The mesh on this machine's devices, the same training step compiled for a TPU pod without one, its speed here, and a
# run in a bucket that goes on after the machine was taken away. Choose a TPU under *Runtime > Change runtime type*;
# where there is only a CPU, eight devices are simulated on it.

# %%
import importlib.util
import subprocess
import sys

if importlib.util.find_spec("space_jax") is None:  # moves no package that is installed already
    space_jax_from = "space-jax @ git+https://github.com/OWNER/REPO"
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", space_jax_from], check=True)

# %%
import os

FAST = bool(os.environ.get("SPACE_JAX_NOTEBOOK_FAST"))
SIMULATED = 2 if FAST else 8
# Read when JAX starts; without effect where there is an accelerator.
os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count={SIMULATED}"

import flax
import jax

import space_jax

print("space_jax", space_jax.__version__, "| jax", jax.__version__, "| flax", flax.__version__)
print("Python", sys.version.split()[0], "|", *jax.devices())

# %% [markdown]
# `STEPS` is the number of training steps. `SIZE` is that of the model: `tiny` for CPUs, `base` (134 M parameters) for
# one TPU chip. `BUCKET` is where the run lives: set `SPACE_JAX_BUCKET=gs://your-bucket/folder` (and
# `pip install gcsfs`), or it is a local folder. (The project's tests set `SPACE_JAX_NOTEBOOK_FAST` and take 6 steps.)

# %%
STEPS = 6 if FAST else 60
SIZE = "tiny" if jax.default_backend() == "cpu" else "base"
BUCKET = (os.environ.get("SPACE_JAX_BUCKET") or "runs/tpu_bucket").rstrip("/")

# %% [markdown]
# ## The mesh
#
# Devices form a mesh with three axes: `data` (different examples), `fsdp` (different examples, and parts of the
# parameters) and `tensor` (parts of each matrix product). The axes that parameters and activations are named by are
# mapped to them by one table; the program is the same. `compile_ahead` compiles the real training step, without a
# corpus, and reports memory, FLOPs and what devices send to one another.

# %%
step = {"data.batch_size": 16, "data.context_length": 64, "data.response_length": 64} if SIZE == "tiny" else {}
for preset in ("data",) if FAST else ("data", "fsdp", "fsdp_tensor"):
    config = space_jax.load_config(f"space3:{SIZE}", {**step, "mesh.preset": preset})
    report = space_jax.compile_ahead(config, vocabulary=1024)
    memory, sent = report["memory_per_chip"], report["collectives_per_chip"]
    print(preset, report["mesh"])
    print(f"  a device holds {memory['parameters_and_moments'] / 2**20:8.2f} MiB of parameters and moments")
    for kind, traffic in sent.items():
        print(f"  {kind:<18} {traffic['starts']:4} times, {traffic['bytes'] / 1e6:8.2f} MB per step")

# %% [markdown]
# ## Compiling for a pod
#
# The compiler for TPUs needs no TPU, only its library (`pip install 'space-jax[tpu-compile]'` on x86 Linux; TPU
# runtimes have it). Does SPACE-3 base fit into 16 chips of v5e? Other slices: `v5e:2x2`, `v5e:16x16`, `v4:2x2x4`.

# %%
SLICE = "v5e:2x2" if FAST else "v5e:4x4"
pod = space_jax.load_config("space3:tiny" if FAST else "space3:base", {"model.remat": True})
try:
    report = space_jax.compile_ahead(pod, SLICE)
except space_jax.UserError as error:  # no library, or a step that does not fit
    report = None
    print(error)
report

# %% [markdown]
# ## Speed on this machine
#
# `bench` times real steps: the next batch, its way to the devices, the step, its metrics. MFU is the share of the peak
# of the devices that the needed FLOPs make up.

# %%
corpus = "runs/tpu/corpus"
world = {"dialogues": 100 if FAST else 1000}
space_jax.train_tokenizer("simulated", "runs/tpu/tokenizer", vocab_size=800, options=world)
built = space_jax.build_corpus(
    "simulated",
    corpus,
    "runs/tpu/tokenizer",
    options=world,
    labelled_share=0.5,
    max_turns=2,
    max_turn_tokens=40,
    overwrite=True,
)
{split: counts.examples for split, counts in built.items()}

# %%
config = space_jax.load_config(
    f"quickstart:{SIZE}",
    {
        "data.prepared": corpus,
        "data.row_ladder": (1.0,),
        "data.batch_size": 8 if FAST else 32,
        "data.eval_examples": 8 if FAST else 64,
        "mesh.preset": "data",
        "model.dtype": "float32" if jax.default_backend() == "cpu" else "bfloat16",
        "train.steps": STEPS,
        "train.log_every": max(1, STEPS // 10),
        "train.eval_every": STEPS,
        "train.checkpoint_every": max(1, STEPS // 6),
    },
)
space_jax.bench(config, steps=2 if FAST else 5)

# %% [markdown]
# ## A run that outlives its machine
#
# Checkpoints, metrics and curves go to the bucket. A machine that is taken away sends SIGTERM; the run then finishes
# its step, saves and ends, and *the same call* continues it, on another machine and with another number of devices if
# need be. Here a thread plays the cloud and sends the signal after the first checkpoint.

# %%
import signal
import threading
import time

from etils import epath

run = f"{BUCKET}/run"
checkpoints = epath.Path(run) / "checkpoints"


def saved():
    return {int(path.name) for path in checkpoints.iterdir() if path.name.isdigit()} if checkpoints.exists() else set()


def take_the_machine_away():
    while not any(step > 0 for step in saved()):
        time.sleep(0.1)
    os.kill(os.getpid(), signal.SIGTERM)


if not saved():
    threading.Thread(target=take_the_machine_away, daemon=True).start()
result = space_jax.pretrain(config, run)
print(f"step {result.step} of {STEPS}, asked to stop: {result.stopped}; checkpoints {sorted(saved())}")

# %% [markdown]
# The same call goes on from there. (Interrupting this cell does the same as the signal: run it again to continue.)

# %%
result = space_jax.pretrain(config, run)
print(f"step {result.step} of {STEPS}, asked to stop: {result.stopped}; checkpoints {sorted(saved())}")
space_jax.curves(run)

# %% [markdown]
# A pod is many machines that run one program: `tpu_scripts/` creates one, launches the same command on each of its
# workers and resumes it after pre-emption. [Scaling](../docs/scaling.md) says which mesh to choose when.
