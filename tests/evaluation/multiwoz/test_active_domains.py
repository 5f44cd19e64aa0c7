"""What turns are about."""

import pytest

from space_jax.evaluation.multiwoz.active_domains import (
    domains_from_states,
    domains_in_placeholders,
    placeholders_name_domains,
)

HOTEL, TAXI, BUS = {"area": "north"}, {"leave": "10:00"}, {"day": "monday"}


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ([{}, {}], [(), ()]),
        ([{}, {"hotel": HOTEL}, {"hotel": HOTEL}], [(), ("hotel",), ("hotel",)]),
        ([{"hotel": HOTEL}, {"hotel": HOTEL, "taxi": TAXI}], [("hotel",), ("taxi",)]),
        # The current domain stays while it is among those that changed.
        ([{"hotel": HOTEL}, {"hotel": {"area": "south"}, "taxi": TAXI}], [("hotel",), ("hotel",)]),
        # Then, without a change, the other one that had changed takes its turn; after that it stays.
        (
            [{"hotel": HOTEL}, *[{"hotel": {"area": "south"}, "taxi": TAXI}] * 3],
            [("hotel",), ("hotel",), ("taxi",), ("taxi",)],
        ),
        # Unless it is gone.
        ([{"hotel": HOTEL, "taxi": TAXI}, {"hotel": HOTEL}], [("hotel",), ("hotel",)]),
        # Most slots, then the order of the state.
        ([{"hotel": HOTEL, "taxi": {**TAXI, "arrive": "1"}}], [("taxi",)]),
        ([{"taxi": TAXI, "hotel": HOTEL}], [("taxi",)]),
        # What is removed is no change.
        ([{"hotel": HOTEL}, {"hotel": {}, "taxi": {}}], [("hotel",), ("hotel",)]),
        # A value that comes back is one.
        ([{"hotel": HOTEL}, {"train": BUS}, {"hotel": HOTEL, "train": BUS}], [("hotel",), ("train",), ("hotel",)]),
        ([], []),
    ],
)
def test_from_states(states, expected):
    assert domains_from_states(states) == expected


def test_from_placeholders():
    text = "[hotel_name] at [value_time] , [Taxi_Phone] , [hotel_area] , [bus_name] , [train]"
    assert domains_in_placeholders(text) == ("hotel", "taxi")
    assert domains_in_placeholders("goodbye") == ()


@pytest.mark.parametrize(
    ("responses", "expected"),
    [
        (["[hotel_name]", "[value_area] [value_area]"], True),  # areas and the like never have to name one
        (["[value_name]", "[name]"], False),
        (["[hotel_name] [value_name]"], False),
        (["[hotel_name] [hotel_phone] [value_name]"], True),
        (["good morning"], False),
    ],
)
def test_do_placeholders_name_domains(responses, expected):
    assert placeholders_name_domains(responses) is expected
