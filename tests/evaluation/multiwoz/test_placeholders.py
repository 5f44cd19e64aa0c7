"""Names between brackets."""

import pytest

from space_jax.evaluation.multiwoz.placeholders import PLACEHOLDERS, bracketed_names, normalise_response, unknown_names

VENUES = ("attraction", "hospital", "hotel", "police", "restaurant", "value")


@pytest.mark.parametrize(
    ("placeholder", "names"),
    [
        ("ADDRESS", "address " + " ".join(f"{venue}_address" for venue in VENUES)),
        ("AREA", "area value_area attraction_area restaurant_area hotel_area"),
        ("TIME", "booktime time duration arriveby leaveat value_time value_duration train_duration taxi_arriveby"),
        ("TIME", "train_arriveby value_arrive train_arrive train_leaveat taxi_leaveat value_leave train_leave"),
        ("DAY", "day bookday value_day train_day"),
        ("PLACE", "destination departure value_destination train_destination taxi_destination value_departure"),
        ("PLACE", "train_departure taxi_departure value_place"),
        ("FOOD", "food value_food restaurant_food"),
        ("NAME", "name " + " ".join(f"{venue}_name" for venue in VENUES)),
        ("PHONE", "phone taxi_phone " + " ".join(f"{venue}_phone" for venue in VENUES)),
        ("POST", "postcode " + " ".join(f"{venue}_postcode" for venue in VENUES)),
        ("PRICE", "price pricerange entrancefee value_price train_price attraction_price value_pricerange"),
        ("PRICE", "restaurant_pricerange hotel_pricerange attraction_pricerange attraction_entrancefee"),
        ("REFERENCE", "ref reference attraction_reference hotel_reference restaurant_reference train_reference"),
        ("REFERENCE", "value_reference"),
        ("COUNT", "stars stay people choice bookstay bookpeople value_stars hotel_stars value_stay value_people"),
        ("COUNT", "value_count value_choice attraction_choice hotel_choice restaurant_choice train_choice"),
        ("TYPE", "type car value_type restaurant_type hotel_type attraction_type taxi_type value_car taxi_car"),
        ("TRAINID", "trainid id train train_id value_id train_trainid"),
        ("INTERNET", "internet hotel_internet"),
        ("PARKING", "parking hotel_parking"),
        ("ID", "hospital_id attraction_id restaurant_id"),
        ("DEPARTMENT", "department value_department hospital_department"),
        ("OPEN", "openhours"),
    ],
)
def test_accepted_names(placeholder, names):
    for name in names.split():
        assert normalise_response(f"x [{name}] y") == f"x {placeholder} y"


def test_names_with_blanks_and_how_many_there_are():
    for name, placeholder in {
        "arrive by": "TIME",
        "leave at": "TIME",
        "price range": "PRICE",
        "entrance fee": "PRICE",
    }.items():
        assert normalise_response(f"[{name}]") == placeholder
    assert len(PLACEHOLDERS) == 130


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        ("Call [Value_Phone] NOW", "call PHONE now"),
        ("two [hotel_name]s, [hotel_name]es, [hotel_name]-s and [hotel_name]-es", "two NAME, NAME, NAME and NAME"),
        ("the [hotel_name]'s phone", "the NAME's phone"),
        ("three restaurant -s , cheap -ly priced", "three restaurant, cheap priced"),
        ("an [unheard_of] thing", "an thing"),
        ("restaurant_name", "restaurant _ name"),
        ("[value_name] .", "NAME."),
        ("[not-a-name]", "[not-a-name]"),
        ("", ""),
    ],
)
def test_responses(response, expected):
    assert normalise_response(response) == expected


def test_names_are_listed():
    assert bracketed_names("[A_b]s and [c d] [e-f]") == ["a_b", "c d"]
    assert unknown_names(["[hotel_name] [hotel_nmae]", "[hotel_nmae] [x]"]) == {"hotel_nmae": 2, "x": 1}
