"""How the processes of a run tell one another numbers; errors of a single one; signals to stop."""

import os
import signal
import threading

import numpy as np
import pytest

from space_jax.training.processes import Exchange, StopSignal, ending_together


def test_with_one_process_errors_pass():
    with pytest.raises(ValueError, match="mine"), ending_together():
        raise ValueError("mine")


def test_one_process_agrees_with_itself():
    np.testing.assert_array_equal(Exchange([3, 2**40]).read(), [[3, 2**40]])


@pytest.fixture
def interrupts():
    """SIGINT as Python sets it: a shell that starts the tests in the background leaves it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield signal.default_int_handler
    signal.signal(signal.SIGINT, before)


def test_the_first_signal_asks_and_the_second_interrupts(interrupts):
    said = []
    with StopSignal() as stop:
        stop.say = said.append
        assert not stop.requested
        os.kill(os.getpid(), signal.SIGINT)
        assert stop.requested
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is interrupts
    (sentence,) = said
    assert sentence.startswith("interrupted: ")


def test_handlers_are_given_back():
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]
    with StopSignal():
        assert signal.getsignal(signal.SIGTERM) is not before[0]
    assert [signal.getsignal(number) for number in numbers] == before


@pytest.mark.parametrize(("before", "asked"), [(signal.SIG_DFL, True), (signal.SIG_IGN, False)])
def test_a_closed_terminal_asks_a_run_to_stop_unless_nohup_started_it(before, asked):
    restored = signal.signal(signal.SIGHUP, before)
    try:
        with StopSignal() as stop:
            signal.raise_signal(signal.SIGHUP)
            assert stop.requested == asked
    finally:
        signal.signal(signal.SIGHUP, restored)


def test_beside_the_main_thread_there_is_nothing_to_catch():
    seen = []

    def work():
        with StopSignal() as stop:
            seen.append(stop.requested)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [False]
