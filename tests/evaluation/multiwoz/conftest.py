"""A small world in the layout of the corpora: five venues, three trains, two test dialogues."""

import json

import pytest

RESTAURANTS = [
    {
        "id": "1",
        "name": "golden curry house",
        "food": "indian",
        "area": "north",
        "pricerange": "cheap",
        "signature": "x",
    },
    {"id": "2", "name": "paper lantern", "food": "chinese", "area": "centre", "pricerange": "cheap"},
    {"id": "3", "name": "old mill", "food": "indian", "area": "south", "pricerange": "?", "location": [1, 2]},
]
HOTELS = [
    {"id": "0", "name": "rose guest house", "type": "guesthouse", "parking": "yes", "price": {"single": "50"}},
]
ATTRACTIONS = [
    {"id": "9", "name": "river pool", "type": "swimmingpool", "entrance fee": "?", "openhours": "all day"},
]
TRAINS = [
    {"trainID": f"TR{number}", "departure": "cambridge", "destination": "ely", "leaveAt": leave, "arriveBy": arrive}
    for number, leave, arrive in ((1, "08:00", "08:20"), (2, "09:30", "09:50"), (3, "11:00", "11:20"))
]


def system(text, spans=(), **semi):
    metadata = {domain: {"semi": slots, "book": {"booked": []}} for domain, slots in semi.items()}
    return {"text": text, "metadata": metadata, "span_info": [list(span) for span in spans], "dialog_act": {}}


USER = {"text": "words", "metadata": {}, "span_info": [], "dialog_act": {}}
INDIAN = {"food": "indian", "area": "north", "name": "not mentioned", "pricerange": ""}
TO_ELY = {"departure": ["cambridge", "the station"], "destination": "ely", "arriveBy": "10:00", "leaveAt": "none"}
TEST = {
    "SNG0001": {
        "goal": {
            "restaurant": {
                "info": {"food": "indian", "area": "north"},
                "reqt": ["phone", "area"],
                "book": {"people": "2"},
                "fail_info": {},
            },
            "hotel": {},
            "message": ["Find a restaurant."],
            "topic": {"taxi": False},
        },
        "log": [
            USER,
            system("The golden curry  house is in the north .", [("R", "Name", "x", 1, 3), ("R", "Area", "x", 7, 7)]),
            USER,
            system("It is booked , reference  A1 .", [("R", "Ref", "A1", 5, 5)], restaurant=INDIAN),
        ],
    },
    "MUL0002": {
        "goal": {
            "train": {
                "info": {"departure": "cambridge", "destination": "ely", "arriveBy": "10:00"},
                "reqt": ["trainID", "price"],
            },
            "taxi": {"info": {"departure": "ely"}, "reqt": ["phone", "car type"]},
        },
        "log": [
            USER,
            system("Which day do you want to travel ?", train=TO_ELY),
            USER,
            system("TR2 leaves at 09:30 .", [("T", "Id", "TR2", 0, 0), ("T", "Leave", "09:30", 3, 3)], train=TO_ELY),
            USER,
            system("A taxi comes , call 123 .", [("X", "Phone", "123", 5, 5)], taxi={"departure": "ely"}, train=TO_ELY),
        ],
    },
}
BOOKED = {"sng0001": [[], ["restaurant"]], "mul0002": [[], [], []]}


@pytest.fixture
def source(tmp_path):
    """The folder; a test may change its files."""
    return write_source(tmp_path / "source")


def write_source(folder):
    """Makes the folder."""
    (folder / "multiwoz21").mkdir(parents=True)
    (folder / "multiwoz_eval" / "database").mkdir(parents=True)
    (folder / "multiwoz21" / "test.json").write_text(json.dumps(TEST))
    (folder / "multiwoz_eval" / "booked_domains.json").write_text(json.dumps(BOOKED))
    tables = {"restaurant": RESTAURANTS, "hotel": HOTELS, "attraction": ATTRACTIONS, "train": TRAINS}
    for domain, table in tables.items():
        (folder / "multiwoz_eval" / "database" / f"{domain}_db.json").write_text(json.dumps(table))
    return folder


@pytest.fixture
def good():
    """Predictions with states that reach every goal."""
    restaurant = {"restaurant": {"food": "indian", "area": "north"}}
    train = {"train": {"departure": "cambridge", "destination": "ely", "arriveby": "10:00"}}
    both = {**train, "taxi": {"departure": "ely"}}
    return {
        "sng0001": [
            {"response": "[value_name] is good , call [value_phone] .", "state": restaurant},
            {"response": "booked , reference [value_reference] .", "state": restaurant},
        ],
        "mul0002": [
            {"response": "which day ?", "state": train},
            {"response": "take [value_id] .", "state": train},
            {"response": "a taxi comes , call [value_phone] .", "state": both},
        ],
    }
