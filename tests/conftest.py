"""Settings of every test run: eight CPU devices, strict JAX, few hypothesis examples, and the way to real data."""

import importlib.metadata
import os

# JAX reads them when it is imported, so they are set before anything that imports it.
os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["JAX_COMPILATION_CACHE_DIR"] = ""  # the command line would keep programs in the user's cache folder
# Threads in XLA's pool. With one a device, as it would make them, a device that runs two collectives at a time takes
# another's thread, and all wait for ever.
os.environ["NPROC"] = "32"
# Compiling is most of a test's time, and its programs are tiny: the compiler's optimisations cost more than they bring.
_XLA_FLAGS = {
    "--xla_force_host_platform_device_count": "8",
    "--xla_backend_optimization_level": "0",
    "--xla_llvm_disable_expensive_passes": "true",
}
_JAXLIB = tuple(map(int, importlib.metadata.version("jaxlib").split(".")[:2]))
# At a flag that it does not know, XLA aborts the process.
if _JAXLIB >= (0, 8):
    # Eight devices on two busy cores may be slow to meet, and XLA would abort the process after 40 seconds.
    _XLA_FLAGS["--xla_cpu_collective_call_terminate_timeout_seconds"] = "900"
if _JAXLIB <= (0, 10):
    # Without its newer code generator the compiler takes two thirds of the time. Later versions have no other.
    _XLA_FLAGS["--xla_cpu_use_fusion_emitters"] = "false"
_given = os.environ.get("XLA_FLAGS", "")
_missing = [f"{flag}={value}" for flag, value in _XLA_FLAGS.items() if flag not in _given]
os.environ["XLA_FLAGS"] = " ".join([_given, *_missing]).strip()

from pathlib import Path
from typing import Any

import hypothesis
import jax
import pytest
from absl import flags

from space_jax.models import dropout
from tests.browser import browser  # noqa: F401 - fixtures
from tests.bucket import bucket, checkpoints_of_bucket  # noqa: F401

# A silent broadcast of [B] against [B, B] is the commonest way to get a loss wrong without an error.
jax.config.update("jax_numpy_rank_promotion", "raise")

# Every new shape is a compilation of about a second, so properties are tried on few examples and without a deadline.
hypothesis.settings.register_profile("few", max_examples=15, deadline=None, derandomize=True)
hypothesis.settings.load_profile("few")

# Grain's worker processes refuse to start while absl's flags are unparsed; only `absl.app.run` would parse them.
flags.FLAGS.mark_as_parsed()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder with the corpora and the recorded reference numbers, which do not ship with the package."""
    folder = Path(os.environ.get("SPACE_JAX_SHARED") or Path(__file__).resolve().parents[1].parent / "shared")
    if not folder.is_dir():
        pytest.skip(f"no shared data at {folder}; set SPACE_JAX_SHARED to its folder")
    return folder


@pytest.fixture
def drawn_keys(monkeypatch) -> list[tuple[int, ...]]:
    """The key of every dropout mask, as programs traced during the test draw it.

    All dropout, of the layers, of attention and of the heads, comes from `random_words`, so a call that reuses a key by
    whatever way shows here.
    """
    if tuple(map(int, importlib.metadata.version("flax").split(".")[:3])) >= (0, 12, 12):
        pytest.skip("this Flax takes a callback within its scan over layers for an output of the scan")
    keys: list[tuple[int, ...]] = []
    draw = dropout.random_words

    def recorded(key: jax.Array, shape: tuple[int, ...]) -> jax.Array:
        jax.debug.callback(lambda words: keys.append(tuple(words.tolist())), jax.random.key_data(key))
        return draw(key, shape)

    monkeypatch.setattr(dropout, "random_words", recorded)
    return keys


LONGEST = (
    "test_runs.py",
    "test_recipes_on_meshes.py",
    "test_two_processes.py",
    "test_registry.py",
    "test_known.py",
    "test_accumulation.py",
    "test_finetune.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the files that take longest first, so that no worker is left with one of them at the end."""
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))


SHARING_PROGRAMS = ("tests/agent/", "tests/models/", "tests/tasks/intent/")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Under `--dist loadfile`, also gives one worker the files of a folder whose session fixtures compile programs."""
    if config.getoption("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class ByPrograms(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return next(
                (folder for folder in SHARING_PROGRAMS if nodeid.startswith(folder)), super()._split_scope(nodeid)
            )

    return ByPrograms(config, log)
