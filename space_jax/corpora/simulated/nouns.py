"""Wording of values and groups of slots: spellings of values, noun phrases, booking details, facts, slot names."""

import dataclasses

from space_jax.corpora.simulated.schema import AREAS

SPELLINGS: dict[str, dict[str, tuple[str, ...]]] = {
    "price": {
        "cheap": ("cheap", "inexpensive", "low-cost"),
        "moderate": ("moderately priced", "mid-range", "reasonably priced"),
        "expensive": ("expensive", "upmarket", "high-end"),
    },
    "area": {"centre": ("centre", "town centre", "city centre")}
    | {area: (area, f"{area} of town") for area in AREAS[1:]},
    "genre": {
        "animated": ("animated", "cartoon"),
        "romantic": ("romantic", "romance"),
        "science fiction": ("science fiction", "sci-fi"),
    },
    "specialty": {
        "dermatologist": ("dermatologist", "skin specialist"),
        "cardiologist": ("cardiologist", "heart specialist"),
        "paediatrician": ("paediatrician", "children's doctor"),
        "physiotherapist": ("physiotherapist", "physio"),
    },
    "category": {"swimming pool": ("swimming pool", "pool"), "nightclub": ("nightclub", "club")},
    "type": {
        "standard": ("standard", "regular", "normal"),
        "wheelchair-accessible": ("wheelchair-accessible", "wheelchair-friendly"),
    },
}
"""Slot -> canonical value -> its spellings; the system uses the first. Other values are spelled as they are."""

COUNT_SLOTS = ("people", "nights", "stars")
"""Slots whose small numbers a user may write as words."""

CLOCK_SLOTS = ("time",)
"""Slots whose times a user may write with am and pm."""


@dataclasses.dataclass(frozen=True)
class NounPhrase:
    """How an entity is described by its slots.

    Attributes:
      heads: the noun.
      before: slot to templates before the noun, in this order.
      after: slot to templates after it, in this order.
      head_slot: a slot whose value, if known, is the noun itself.
    """

    heads: tuple[str, ...]
    before: dict[str, tuple[str, ...]]
    after: dict[str, tuple[str, ...]]
    head_slot: str | None = None

    @property
    def slots(self) -> frozenset[str]:
        """All slots that the phrase can hold."""
        return frozenset((*self.before, *self.after, *((self.head_slot,) if self.head_slot else ())))


_AREA = ("in the {area}",)
NOUN_PHRASES: dict[str, NounPhrase] = {
    "restaurant": NounPhrase(
        ("restaurant", "restaurant", "place to eat"),
        {"price": ("{price}",), "food": ("{food}",)},
        {"area": _AREA},
    ),
    "hotel": NounPhrase(
        ("hotel", "hotel", "place to stay"), {"price": ("{price}",), "stars": ("{stars}-star",)}, {"area": _AREA}
    ),
    "attraction": NounPhrase(("attraction", "tourist attraction"), {}, {"area": _AREA}, head_slot="category"),
    "train": NounPhrase(
        ("train",),
        {},
        {
            "departure": ("from {departure}",),
            "destination": ("to {destination}",),
            "period": ("in the {period}",),
        },
    ),
    "cinema": NounPhrase(
        ("film", "movie"),
        {"genre": ("{genre}",)},
        {"area": ("at a cinema in the {area}", "showing in the {area}"), "period": ("in the {period}",)},
    ),
    "doctor": NounPhrase(
        ("doctor",),
        {},
        {"area": _AREA, "language": ("who speaks {language}", "speaking {language}")},
        head_slot="specialty",
    ),
    "taxi": NounPhrase(
        ("taxi", "taxi", "cab"),
        {"type": ("{type}",)},
        {
            "departure": ("from {departure}",),
            "destination": ("to {destination}",),
            "time": ("at {time}", "leaving at {time}"),
        },
    ),
}

_PEOPLE = ("for {people} <people:person/people>",)
_DAY = ("on {day}",)
_TIME = ("at {time}",)
DETAILS: dict[str, dict[str, tuple[str, ...]]] = {
    "restaurant": {"people": _PEOPLE, "day": _DAY, "time": _TIME},
    "hotel": {
        "people": _PEOPLE,
        "nights": ("for {nights} <nights:night/nights>",),
        "day": ("from {day}", "starting on {day}"),
    },
    "train": {"people": _PEOPLE, "day": _DAY},
    "cinema": {"people": _PEOPLE, "day": _DAY},
    "doctor": {"day": _DAY, "time": _TIME},
    "taxi": {"departure": ("from {departure}",), "destination": ("to {destination}",), "time": _TIME},
}
"""Domain -> booking slot -> phrase, in the order in which they are said."""

BOOKABLE: dict[str, tuple[str, ...]] = {
    "restaurant": ("a table",),
    "hotel": ("a room",),
    "train": ("tickets", "seats"),
    "cinema": ("tickets", "seats"),
    "doctor": ("an appointment",),
    "taxi": ("the ride", "a car"),
}
"""What is booked in a domain."""

PLURALS: dict[str, tuple[str, ...]] = {
    "restaurant": ("restaurants", "places"),
    "hotel": ("hotels", "places"),
    "attraction": ("places", "options"),
    "train": ("trains",),
    "cinema": ("films", "screenings"),
    "doctor": ("doctors",),
    "taxi": ("cars",),
}

_PHONE = ("the phone number is {phone}", "you can (call|ring|reach) them on {phone}", "their number is {phone}")
FACTS: dict[str, dict[str, tuple[str, ...]]] = {
    "*": {
        "phone": _PHONE,
        "address": ("the address is {address}", "it's (at|located at) {address}", "you'll find it at {address}"),
        "postcode": ("the postcode is {postcode}", "their postcode is {postcode}"),
        "hours": ("it's open from {hours}", "the opening hours are {hours}"),
        "area": ("it's in the {area}", "you'll find it in the {area}"),
        "price": ("it's {price}", "it's (considered|known to be) {price}"),
        "food": ("they serve {food} food", "the food is {food}"),
        "stars": ("it has {stars} stars", "it's rated {stars} stars"),
        "parking": ("there's {parking}", "the hotel has {parking}"),
        "breakfast": ("breakfast is {breakfast}",),
        "fee": ("the entrance fee is {fee}", "as for entry, that's {fee}"),
        "category": ("it's a kind of {category}",),
        "duration": ("the journey takes {duration}", "it takes {duration}"),
        "platform": ("it leaves from platform {platform}", "the platform is number {platform}"),
        "period": ("it's in the {period}",),
        "length": ("the film runs for {length}", "it lasts {length}"),
        "director": ("it was directed by {director}", "the director is {director}"),
        "genre": ("the genre is {genre}",),
        "language": ("the doctor also speaks {language}", "{language} is spoken there"),
        "specialty": ("the field is {specialty}",),
        "plate": ("the licence plate is {plate}", "the number plate is {plate}"),
        "driver": ("the driver is called {driver}", "your driver will be {driver}"),
        "type": ("it's a {type} car",),
    },
    "train": {"fare": ("a ticket costs {fare}", "the fare is {fare}", "tickets are {fare} each")},
    "cinema": {
        "fare": ("a ticket costs {fare}", "tickets are {fare} each"),
        "address": ("the cinema is at {address}", "the address of the cinema is {address}"),
        "area": ("the cinema is in the {area}",),
    },
    "attraction": {
        "fee": ("the entrance fee is {fee}", "as for the entrance fee, it's {fee}", "admission is {fee}"),
    },
    "doctor": {
        "fee": ("a consultation costs {fee}", "the consultation fee is {fee}"),
        "address": ("the practice is at {address}", "the address is {address}"),
        "area": ("the practice is in the {area}",),
        "phone": ("the phone number is {phone}", "you can call the practice on {phone}"),
        "postcode": ("the postcode is {postcode}",),
    },
    "taxi": {"phone": ("you can call the driver on {phone}", "the contact number is {phone}")},
}
"""Domain (or "*") -> slot -> clauses that state the value of an entity's slot."""

SLOT_NAMES: dict[str, tuple[str, ...]] = {
    "phone": ("phone number", "telephone number"),
    "address": ("address",),
    "postcode": ("postcode",),
    "hours": ("opening hours", "opening times"),
    "area": ("area", "part of town"),
    "price": ("price range",),
    "food": ("type of food", "cuisine"),
    "stars": ("star rating", "number of stars"),
    "fee": ("fee",),
    "category": ("kind of place",),
    "departure": ("departure point",),
    "destination": ("destination",),
    "period": ("time of day",),
    "duration": ("travel time", "length of the journey"),
    "fare": ("ticket price", "price of a ticket"),
    "platform": ("platform",),
    "length": ("running time",),
    "director": ("name of the director",),
    "genre": ("genre",),
    "language": ("language they speak",),
    "specialty": ("specialty",),
    "plate": ("licence plate", "plate number"),
    "driver": ("driver's name", "name of the driver"),
    "type": ("type of car",),
    "parking": ("parking situation",),
    "breakfast": ("breakfast arrangements",),
    "people": ("number of people",),
    "day": ("day",),
    "time": ("time",),
    "nights": ("number of nights",),
}
"""Slot -> its name in a sentence, without article."""
