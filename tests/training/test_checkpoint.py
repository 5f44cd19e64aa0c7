"""Saving and restoring: another mesh, what is kept, and what is refused."""

import dataclasses
import resource
import shutil

import jax
import numpy as np
import pytest

from space_jax.config import MeshConfig
from space_jax.errors import UserError
from space_jax.models.weights import nested
from space_jax.training.checkpoint import Checkpoints, find_checkpoints, load_params, read_arrays
from space_jax.training.facts import run_facts
from space_jax.training.mesh import make_mesh
from space_jax.training.optimiser import make_optimiser
from space_jax.training.state import abstract_state, init_state, shardings_of
from tests.training.toy import ToyRecipe, micro, toy_batch, toy_config

FACTS = run_facts(toy_config())


def make(mesh_config, seed=0):
    """A state and its abstract form."""
    mesh, rules = make_mesh(mesh_config), mesh_config.rules
    optimiser = make_optimiser(toy_config().optimiser, 10)
    arguments = (ToyRecipe(), optimiser, micro(toy_batch(0)))
    return init_state(*arguments, seed, rules, mesh), abstract_state(*arguments, rules, mesh)


@pytest.fixture(scope="module")
def states():
    return make(MeshConfig()), make(MeshConfig(fsdp=2, tensor=2))


def assert_equal(left, right):
    jax.tree.map(np.testing.assert_array_equal, jax.device_get(left), jax.device_get(right))


def test_restores_onto_another_mesh(tmp_path, states):
    (state, _), (_, elsewhere) = states
    with Checkpoints(tmp_path, 2) as checkpoints:
        checkpoints.save(3, state, FACTS, {"loss": 2.0}, 2.0)
    with Checkpoints(tmp_path, 2) as checkpoints:
        restored = checkpoints.restore(3, elsewhere, FACTS)
    assert_equal(restored.state, state)
    assert shardings_of(restored.state) == shardings_of(elsewhere)
    assert restored.notes == (FACTS, {"loss": 2.0}, 2.0)


def test_keeps_the_last_and_the_best(tmp_path, states):
    state = states[0][0]
    with Checkpoints(tmp_path, 2) as checkpoints:
        assert (checkpoints.latest(), checkpoints.best()) == (None, None)
        for step, loss in enumerate([3.0, 1.0, None, 2.0, None, 1.5], start=1):
            checkpoints.save(step, state, FACTS, {}, loss)
        checkpoints.wait()
        assert checkpoints.steps() == (2, 5, 6)
        assert (checkpoints.latest(), checkpoints.best()) == (6, 2)


def test_what_a_killed_run_left_half_written_is_no_checkpoint_and_goes(tmp_path, states):
    state, abstract = states[0]
    with Checkpoints(tmp_path, 2) as checkpoints:
        checkpoints.save(1, state, FACTS, {}, 2.0)
    # Orbax writes under this name and renames the folder when all is there: killed before that, and long before.
    shutil.copytree(tmp_path / "1", tmp_path / "2.orbax-checkpoint-tmp")
    (tmp_path / "3.orbax-checkpoint-tmp" / "state.orbax-checkpoint-tmp").mkdir(parents=True)
    assert find_checkpoints(tmp_path) == ((1,), 1)
    with Checkpoints(tmp_path, 2) as checkpoints:
        assert (checkpoints.steps(), checkpoints.latest(), checkpoints.best()) == ((1,), 1, 1)
        checkpoints.save(2, state, FACTS, {}, None)  # waits until the leftovers are removed
    assert {path.name for path in tmp_path.iterdir()} == {"1", "2"}
    with Checkpoints(tmp_path, 2) as checkpoints:
        assert_equal(checkpoints.restore(2, abstract, FACTS).state, state)


def test_what_cannot_be_restored_says_why(tmp_path, states):
    state, abstract = states[0]
    with Checkpoints(tmp_path, 2) as checkpoints:
        checkpoints.save(1, state, FACTS, {}, None)
        checkpoints.save(2, state, FACTS, {}, None)
        checkpoints.wait()
        with pytest.raises(UserError, match=r"9: does not exist; there are \[1, 2\]"):
            checkpoints.restore(9, abstract, FACTS)
        with pytest.raises(UserError, match=r"train.steps was 6 and is 7\).*another workdir"):
            checkpoints.restore(2, abstract, run_facts(toy_config(steps=7)))


@pytest.fixture(scope="module")
def two_saved(tmp_path_factory, states):
    """A folder with two checkpoints, the first of them the best."""
    folder = tmp_path_factory.mktemp("saved")
    with Checkpoints(folder, 2) as checkpoints:
        checkpoints.save(1, states[0][0], FACTS, {"loss": 0.5}, 0.5)
        checkpoints.save(2, states[0][0], FACTS, {"loss": 1.5}, None)
    return folder


@pytest.fixture
def two(tmp_path, two_saved):
    """A copy of it to spoil."""
    return shutil.copytree(two_saved, tmp_path / "checkpoints")


DAMAGE = {
    "missing": None,
    "empty": b"",
    "cut off": b"{",
    "null": b"null",
    "a list": b"[]",
    "a number": b"5",
    "an object": b"{}",
    "other values": b'{"loss": -7.0}',
    "too deep": b"[" * 5000 + b"]" * 5000,
}
PARTS = {
    "_CHECKPOINT_METADATA": "metadata",
    "facts/data.json": "facts",
    "results/data.json": "results",
    "checksums/data.json": "checksums|facts",
    "metrics/metrics": "rank",
}


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("file", PARTS)
def test_a_damaged_small_part_is_named_and_the_last_whole_checkpoint_is_taken_once_it_is_deleted(two, file, damage):
    for step, other in ((1, 2), (2, 1)):
        damaged = two / str(step) / file
        if not damaged.exists():  # the second has no rank
            continue
        whole = damaged.read_bytes()
        damaged.unlink()
        if DAMAGE[damage] is not None:
            damaged.write_bytes(DAMAGE[damage])
        last = rf"/{step}: its ({PARTS[file]}) cannot be read \(.*; delete that folder to go on from step {other}, the"
        for read in (find_checkpoints, lambda folder: Checkpoints(folder, 2)):
            with pytest.raises(UserError, match=last):
                read(two)
        damaged.write_bytes(whole)
    assert find_checkpoints(two) == ((1, 2), 1)


@pytest.mark.parametrize("file", ["_METADATA", "manifest.ocdbt", ""])
def test_a_checkpoint_without_its_arrays_is_named(two, states, file):
    state, abstract = states[0]
    damaged = two / "2" / "state" / file
    if file:
        damaged.write_text("{")
    else:
        shutil.rmtree(damaged)
    expected = r"/2: its arrays cannot be read \(.*delete that folder to go on from step 1, the last whole"
    with Checkpoints(two, 2) as checkpoints, pytest.raises(UserError, match=expected):
        checkpoints.restore(2, abstract, FACTS)
    shutil.rmtree(two / "2")
    with Checkpoints(two, 2) as checkpoints:
        assert_equal(checkpoints.restore(1, abstract, FACTS).state, state)


def test_a_checkpoint_under_another_number_is_not_taken_for_that_step(two):
    (two / "2").rename(two / "3")
    with pytest.raises(UserError, match=r"/3: its facts cannot be read \(not what was saved with step 3\)"):
        find_checkpoints(two)
    shutil.rmtree(two / "1")
    with pytest.raises(UserError, match="delete that folder to begin the run anew"):
        find_checkpoints(two)


@pytest.fixture
def small_disk():
    """A limit on the size of files stands for a disk that gets full; it is raised again by what is returned."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**19, before[1]))
    yield lambda: resource.setrlimit(resource.RLIMIT_FSIZE, before)
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_at_a_checkpoint_is_one_sentence_and_the_run_goes_on_from_the_last(tmp_path, states, small_disk):
    state, abstract = states[0]
    noise = np.random.default_rng(0).standard_normal(2**18).astype(np.float32)
    with Checkpoints(tmp_path, 2) as checkpoints:
        checkpoints.save(1, state, FACTS, {}, None)
    expected = r"checkpoint .*/2: cannot be written \(.+\); that of step 1 is whole; make room, and the same"
    with pytest.raises(UserError, match=expected), Checkpoints(tmp_path, 2) as checkpoints:
        checkpoints.save(2, dataclasses.replace(state, params={"bias": noise}), FACTS, {}, None)
    assert find_checkpoints(tmp_path).steps == (1,)
    small_disk()
    with Checkpoints(tmp_path, 2) as checkpoints:
        assert_equal(checkpoints.restore(1, abstract, FACTS).state, state)
        checkpoints.save(2, state, FACTS, {}, None)
    assert find_checkpoints(tmp_path).steps == (1, 2)


def save(folder, state, params=None, step=1, loss=None):
    """Saves a state, perhaps with other parameters."""
    state = state if params is None else dataclasses.replace(state, params=params)
    with Checkpoints(folder, 2) as checkpoints:
        checkpoints.save(step, state, FACTS, {}, loss)


def test_an_array_that_was_cut_off_is_named(tmp_path, states):
    # One array only: after the first that fails, Orbax no longer waits for the others, and they complain to no one.
    (state, abstract), _ = states
    save(tmp_path, state, {"bias": state.params["bias"]})
    next((tmp_path / "1" / "state").rglob("d/*")).write_bytes(b"cut")
    with pytest.raises(UserError, match=r"/1: its arrays cannot be read"):
        load_params(tmp_path, {"bias": abstract.params["bias"]}, 1)


def test_where_it_runs_and_what_it_reports_may_change():
    same = toy_config(mesh=MeshConfig(fsdp=2), log_every=5, eval_every=5, checkpoint_every=5, keep_last=9)
    assert run_facts(same) == FACTS
    assert run_facts(toy_config(seed=1)) != FACTS
    assert run_facts(same, ["another corpus"]) != FACTS


def test_parameters_alone_on_another_mesh_and_on_the_host(tmp_path, states):
    (state, _), (_, elsewhere) = states
    save(tmp_path, state)
    params = load_params(tmp_path, elsewhere.params, 1)
    assert_equal(params, state.params)
    assert shardings_of(params) == shardings_of(elsewhere.params)
    arrays = read_arrays(tmp_path)
    assert all(type(array) is np.ndarray for array in arrays.values())
    assert_equal(nested(arrays), state.params)


def test_on_the_host_the_best_checkpoint_is_read_where_there_is_one(tmp_path, states):
    (state, _), _ = states
    for step, loss in ((1, 3.0), (2, 1.0), (3, 2.0)):
        save(tmp_path, state, {"bias": state.params["bias"] + step}, step, loss)
    np.testing.assert_array_equal(read_arrays(tmp_path)["bias"], state.params["bias"] + 2)
    np.testing.assert_array_equal(read_arrays(tmp_path, 3)["bias"], state.params["bias"] + 3)


def test_parameters_that_do_not_fit_are_named(tmp_path, states):
    (state, abstract), _ = states
    with pytest.raises(UserError, match="no checkpoints"):
        read_arrays(tmp_path / "absent")
    save(tmp_path / "narrow", state, {**state.params, "bias": state.params["bias"][:4]})
    with pytest.raises(UserError, match=r"parameter bias has shape \(4,\), this model needs \(8,\)"):
        load_params(tmp_path / "narrow", abstract.params, 1)
    save(tmp_path / "foreign", state, {name: leaf for name, leaf in state.params.items() if name != "bias"})
    with pytest.raises(UserError, match=r"/1: lacks bias"):
        load_params(tmp_path / "foreign", abstract.params, 1)
