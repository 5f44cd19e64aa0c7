"""Five made-up dialogues in `multiwoz21`'s own form, with what makes reading the other forms hard."""

import copy

EMPTY = {
    "restaurant": {
        "semi": {"food": "", "pricerange": "", "name": "", "area": ""},
        "book": {"booked": [], "people": ""},
    },
    "hotel": {
        "semi": {"name": "not mentioned", "area": "", "stars": ""},
        "book": {"booked": [], "stay": "", "day": ""},
    },
    "attraction": {"semi": {"type": "", "name": "", "area": ""}, "book": {"booked": []}},
    "taxi": {"semi": {"leaveAt": "", "arriveBy": "", "departure": "", "destination": ""}, "book": {"booked": []}},
    "train": {
        "semi": {"leaveAt": "", "day": "", "departure": "", "destination": ""},
        "book": {"booked": [], "people": ""},
    },
}


def state(**values):
    """Metadata; `hotel_book_stay="2"` sets a slot."""
    metadata = copy.deepcopy(EMPTY)
    for key, value in values.items():
        domain, part, slot = key.split("_")
        metadata[domain][part][slot] = value
    return metadata


def entry(text, acts, spans=(), metadata=None):
    return {"text": text, "metadata": metadata or {}, "dialog_act": acts, "span_info": [list(one) for one in spans]}


NONE = [["none", "none"]]
HOTEL = [
    entry(
        "A  hotel in the middle for 2 nights from monday , any stars .",
        {"Hotel-Inform": [["Area", "centre"], ["Stay", "2"], ["Day", "monday"], ["Stars", "do n't care"]]},
        [["Hotel-Inform", "Stay", "2", 6, 6], ["Hotel-Inform", "Day", "monday", 9, 9]],
    ),
    entry(
        "The Blue Door and the blue door annex are cheap . Shall I book ?",
        {
            "Hotel-Recommend": [["Name", "the blue door"], ["Price", "cheap"]],
            "Booking-Inform": NONE,
            "general-reqmore": NONE,
        },
        [["Hotel-Recommend", "Name", "the blue door", 0, 2], ["Hotel-Recommend", "Name", "the blue door", 4, 6]],
        state(hotel_semi_area="centre", hotel_book_stay="2", hotel_book_day="monday", hotel_semi_stars="dontcare"),
    ),
    entry("What is its postcode ?", {"Hotel-Request": [["Post", "?"], ["Addr", "?"]]}),
    entry(
        "CB1 2AB . It is booked ,   reference A1 .",
        {"Hotel-Inform": [["Post", "CB1 2AB"]], "Booking-Book": [["Ref", "A1"]]},
        [["Hotel-Inform", "Post", "CB1 2AB", 0, 1], ["Booking-Book", "Ref", "A1", 8, 8]],
        state(hotel_semi_area="centre", hotel_book_stay="2", hotel_semi_name=["the blue door", "blue door"]),
    ),
    entry("right then", {}),
    entry("Bye now .", {"general-bye": NONE}, (), state(hotel_semi_area="centre")),
]
TRAIN = [
    entry(
        "A train to ely after 09:15 on friday , for three people",
        {"Train-Inform": [["Dest", "ely"], ["Leave", "09:15"], ["Day", "friday"], ["People", "3"]]},
        [["Train-Inform", "Dest", "ely", 3, 3], ["Train-Inform", "People", "3", 9, 9]],
    ),
    entry(
        "TR1 takes 20 minutes and costs 5 pounds , there is no seat at 9 .",
        {
            "Train-Inform": [["Id", "TR1"], ["Time", "20 minutes"], ["Ticket", "5 pounds"]],
            "Train-OfferBook": NONE,
            "Booking-NoBook": [["Time", "9"]],
        },
        [["Train-Inform", "Ticket", "5 pounds", 6, 7]],
        state(train_semi_destination="ely", train_semi_leaveAt="09:15|09:30", train_book_people="3"),
    ),
]
TAXI = [
    entry(
        "A taxi by 10:30 please .", {"Taxi-Inform": [["Arrive", "10:30"]]}, [["Taxi-Inform", "Arrive", "10:30", 3, 3]]
    ),
    entry(
        "A red ford comes , call 123 .",
        {"Taxi-Inform": [["Car", "red ford"], ["Phone", "123"]]},
        [["Taxi-Inform", "Car", "red ford", 1, 2], ["Taxi-Inform", "Phone", "123", 6, 6]],
        state(taxi_semi_arriveBy="10:30"),
    ),
    entry(
        "And a museum , free of charge ?",
        {"Attraction-Inform": [["Type", "museum"]], "Attraction-Request": [["Fee", "?"]]},
    ),
]
CONTENT = {
    "train": {
        "MUL1": {"goal": {}, "log": HOTEL},
        "SNG2": {"goal": {}, "log": TRAIN},
        "PMUL3": {"goal": {}, "log": TAXI},
    },
    "val": {"MUL4": {"goal": {}, "log": TRAIN}},
    "test": {"MUL5": {"goal": {}, "log": HOTEL[:2]}},
}
"""Split, as files of `multiwoz21` call it -> id -> dialogue."""
