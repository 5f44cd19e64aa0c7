"""Mixing and cutting: exact shares, and the processes' parts put together are the whole."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from space_jax.config import DataConfig
from space_jax.errors import UserError
from space_jax.features.streams import Blocks, Mixture, check_streams, seeds_of


def test_blocks_as_a_table():
    # Micro-batches of 6, three processes: 0 1 | 2 3 | 4 5, then 6 7 | 8 9 | 10 11.
    parts = [[Blocks(2, p, 3).position(i) for i in range(4)] for p in range(3)]
    assert parts == [[0, 1, 6, 7], [2, 3, 8, 9], [4, 5, 10, 11]]


def test_the_mixture_as_a_table():
    assert [Mixture(0.5, Blocks(4))[i] for i in range(6)] == [(1, 0), (0, 0), (1, 1), (0, 1), (1, 2), (0, 2)]
    assert [Mixture(0.25, Blocks(4))[i] for i in range(5)] == [(1, 0), (1, 1), (1, 2), (0, 0), (1, 3)]
    assert [Mixture(1.0, Blocks(4))[i] for i in range(3)] == [(0, 0), (0, 1), (0, 2)]
    assert [Mixture(0.0, Blocks(4))[i] for i in range(3)] == [(0, 0), (0, 1), (0, 2)]  # the only stream there is


@given(
    share=st.integers(1, 99).map(lambda percent: percent / 100),
    size=st.integers(1, 7),
    count=st.integers(1, 4),
    micro_batches=st.integers(1, 6),
)
def test_the_parts_of_all_processes_are_the_whole(share, size, count, micro_batches):
    whole = Mixture(share, Blocks(size * count))
    parts = [Mixture(share, Blocks(size, index, count)) for index in range(count)]
    for m in range(micro_batches):
        together = [part[m * size + offset] for part in parts for offset in range(size)]
        assert together == [whole[m * size * count + offset] for offset in range(size * count)]
    taken = [whole[i] for i in range(micro_batches * size * count)]
    for stream in (0, 1):  # each stream is read in order without a gap
        assert [place for s, place in taken if s == stream] == list(range(sum(s == stream for s, _ in taken)))
    assert sum(s == 0 for s, _ in taken) == int(len(taken) * round(share * 100) // 100)


def test_seeds_are_independent_and_stable():
    seeds = seeds_of(0)
    assert len(set(seeds.values())) == len(seeds)
    assert seeds == seeds_of(0) != seeds_of(1)
    assert all(0 <= seed < 2**32 for seed in seeds.values())


def test_a_share_that_asks_for_an_absent_stream_is_refused():
    data = DataConfig(prepared=("a", "b"), labelled_share=0.5)
    check_streams(data, ("acts",), labelled=True, unlabelled=True)
    with pytest.raises(UserError, match=r"asks for unlabelled examples \(without known acts\) .* a, b .* set it to 1"):
        check_streams(data, ("acts",), labelled=True, unlabelled=False)
    with pytest.raises(UserError, match=r"asks for labelled examples .* set it to 0"):
        check_streams(data, ("acts",), labelled=False, unlabelled=True)
    with pytest.raises(UserError, match=r"this recipe learns from no annotation; set it to 0"):
        check_streams(data, (), labelled=False, unlabelled=True)
    check_streams(dataclasses.replace(data, labelled_share=0.0), (), labelled=False, unlabelled=True)
    check_streams(dataclasses.replace(data, labelled_share=1.0), ("acts",), labelled=True, unlabelled=False)
    check_streams(dataclasses.replace(data, labelled_share=0.0), ("acts",), labelled=False, unlabelled=True)
