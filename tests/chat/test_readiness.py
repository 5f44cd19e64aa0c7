"""Visitors of a page whose agent is not ready."""

import threading

import pytest

from space_jax.chat.readiness import READY, Readiness


def test_a_visitor_is_told_how_far_it_is():
    go_on = threading.Semaphore(0)

    def steps():
        for done in (1, 2):
            go_on.acquire()
            yield done, 2
        go_on.acquire()

    readiness = Readiness(steps())
    preparing = threading.Thread(target=readiness.prepare)
    preparing.start()
    news = readiness.news()
    heard = [next(news)]
    for _ in range(3):
        go_on.release()
        heard.append(next(news))
    assert heard[0] == "getting ready"
    assert ["1 of 2 programs" in heard[1], "2 of 2 programs" in heard[2], heard[3]] == [True, True, ""]
    assert list(news) == []
    readiness.wait()
    preparing.join()


def test_how_many_steps_there_were():
    assert Readiness(iter([(1, 2), (2, 2)])).prepare() == 2
    assert Readiness(()).prepare() == 0


def test_nobody_waits_for_what_has_failed():
    def steps():
        yield 1, 2
        raise MemoryError

    readiness = Readiness(steps())
    with pytest.raises(MemoryError):
        readiness.prepare()
    readiness.wait()
    assert list(readiness.news()) == [""]


def test_an_agent_that_need_not_be_prepared():
    READY.wait()
    assert list(READY.news()) == [""]
