"""What the compiler leaves behind is handed back, and only then."""

import jax
import pytest

from space_jax.errors import UserError
from space_jax.training import memory_use


@pytest.fixture
def trims(monkeypatch):
    """The calls of `malloc_trim` by a fresh listener."""
    calls, listeners = [], []
    monkeypatch.setattr(memory_use, "_malloc_trim", lambda: calls.append)
    monkeypatch.setattr(jax.monitoring, "register_event_duration_secs_listener", listeners.append)
    memory_use.return_memory_after_compiling.cache_clear()
    memory_use.return_memory_after_compiling()
    memory_use.return_memory_after_compiling()
    memory_use.return_memory_after_compiling.cache_clear()
    (listener,) = listeners
    return calls, listener


def test_only_a_long_compilation_is_followed_by_it(trims):
    calls, listener = trims
    listener("/jax/core/compile/backend_compile_duration", 0.2)
    listener("/jax/core/compile/jaxpr_trace_duration", 5.0)
    assert calls == []
    listener("/jax/core/compile/backend_compile_duration", 5.0, fun_name="step")
    assert calls == [0]


def test_jax_still_reports_compilations_by_this_name():
    seen = []
    jax.monitoring.register_event_duration_secs_listener(lambda event, *_, **__: seen.append(event))
    jax.jit(lambda x: x * 3 + 1)(2.0)
    assert memory_use._COMPILED in seen


def test_another_c_library_is_left_alone(monkeypatch):
    monkeypatch.setattr(memory_use.ctypes, "CDLL", lambda _: object())
    assert memory_use._malloc_trim() is None


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (MemoryError(), "out of memory"),
        (MemoryError("Unable to allocate\n7 TiB"), "Unable to allocate 7 TiB"),
        (
            RuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 9 bytes."),
            "RESOURCE_EXHAUSTED: Out of memory all",
        ),
        (RuntimeError("RESOURCE_EXHAUSTED: Failed writing"), None),
        (ValueError("no"), None),
    ],
)
def test_what_has_too_little_memory_names_the_fields_to_change(error, reason):
    expected = UserError if reason else type(error)
    with pytest.raises(expected) as caught, memory_use.within_memory():
        raise error
    if reason:
        assert str(caught.value).startswith(f"the memory does not suffice ({reason}")
        for field in ("data.batch_size", "train.batch_size", "optimiser.accumulate=N", "model.remat=true"):
            assert field in str(caught.value)


def test_xla_still_says_so_in_these_words():
    with (
        pytest.raises(UserError, match=r"does not suffice \(RESOURCE_EXHAUSTED: Out of memory"),
        memory_use.within_memory(),
    ):
        jax.jit(lambda: jax.numpy.zeros((2**22, 2**24)))().block_until_ready()
