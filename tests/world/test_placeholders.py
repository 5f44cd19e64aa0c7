"""Where a placeholder is cut into domain and slot."""

import pytest

from space_jax.world.placeholders import PLACEHOLDER, meaning, without_unfinished


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("in [hotel_name].", ("hotel", "name")),
        ("[ hotel _ price range ]", ("hotel", "price_range")),
        ("[Bike_Shop_opening-hours]", ("bike_shop", "opening_hours")),
        ("[Restaurants_1_city]", ("restaurants_1", "city")),
        ("[Fahrräder_größe]", ("fahrrader", "große")),
        ("[自行车_价格]", ("自行车", "价格")),
        ("[2wheels_name]", ("2wheels", "name")),
        ("[hotel_stars_2]", ("hotel", "stars_2")),
        ("[name]", ("bike_shop", "name")),  # of the domain that is spoken of
        ("[opening_hours]", ("bike_shop", "opening_hours")),
        ("[cinema_film]", ("cinema", "film")),  # of a domain that nobody knows
        ("[laughs]", None),
        ("[_]", None),
        ("[_x]", None),
        ("[]", None),
        ("[a_b", None),
        ("[what? a_b]", None),
    ],
)
def test_any_identifiers(text, found):
    domains = ("bike", "bike_shop", "hotel", "restaurants_1", "fahrrader", "2wheels")
    slots = ("name", "opening_hours")
    match = PLACEHOLDER.search(text)
    assert (match and meaning(match[1], domains, "bike_shop", slots)) == found


@pytest.mark.parametrize(
    ("text", "left"),
    [("a [hotel_na", "a "), ("a [", "a "), ("a [hotel_name]", "a [hotel_name]"), ("[x] b", "[x] b"), ("", "")],
)
def test_half_a_placeholder(text, left):
    assert without_unfinished(text) == left
