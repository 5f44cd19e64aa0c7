"""The simulated world's domains: which slots a user may constrain, ask about and give for a booking.

The world does not depend on any seed, so that splits made with different seeds share one database.
"""

import dataclasses

GENERAL = "general"
"""The domain of acts that belong to none: greeting, thanking, taking leave."""

DONT_CARE = "dontcare"
"""The belief state's value of a slot for which the user has no preference."""

NAME = "name"
REFERENCE = "reference"


@dataclasses.dataclass(frozen=True)
class Domain:
    """One domain of the world.

    Attributes:
      name: the domain's name in frames and in the belief state.
      search: informable slots with their possible values; they restrict the database query.
      facts: slots of an entity that a user may ask about besides the search slots.
      booking: slots with their possible values that a booking needs; empty where nothing can be booked.
      highlights: slots that the system mentions when it proposes an entity.
    """

    name: str
    search: dict[str, tuple[str, ...]]
    facts: tuple[str, ...]
    booking: dict[str, tuple[str, ...]]
    highlights: tuple[str, ...]

    @property
    def bookable(self) -> bool:
        """Whether the system can book an entity of this domain."""
        return bool(self.booking)

    @property
    def informable(self) -> dict[str, tuple[str, ...]]:
        """Search and booking slots with their values."""
        return self.search | self.booking


AREAS = ("centre", "north", "south", "east", "west")
PRICES = ("cheap", "moderate", "expensive")
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
PERIODS = ("morning", "afternoon", "evening")
HUB = "Aldermere"
CITIES = ("Brackley", "Cotham", "Dunford", "Easterby", "Fenwick", "Harrowgate", "Kingsholm", "Millbrook")
FOODS = (
    "British", "Chinese", "French", "Greek", "Indian", "Italian", "Japanese", "Lebanese",
    "Mexican", "Spanish", "Thai", "Turkish", "Vietnamese", "vegetarian", "seafood",
)  # fmt: skip
LANDMARKS = (
    "the train station", "the bus station", "the airport", "the town hall", "the old harbour", "the university",
    "St Anne's Hospital", "the football stadium", "the Riverside shopping centre", "the central library",
)  # fmt: skip


def _times(first: int, last: int) -> tuple[str, ...]:
    return tuple(f"{hour:02d}:{minute:02d}" for hour in range(first, last + 1) for minute in (0, 15, 30, 45))


_PEOPLE = tuple(str(count) for count in range(1, 9))
_TICKETS = tuple(str(count) for count in range(2, 9))

DOMAINS: dict[str, Domain] = {
    domain.name: domain
    for domain in (
        Domain(
            "restaurant",
            search={"food": FOODS, "price": PRICES, "area": AREAS},
            facts=("phone", "address", "postcode", "hours"),
            booking={"people": _PEOPLE, "day": DAYS, "time": _times(11, 21)},
            highlights=("price", "food", "area"),
        ),
        Domain(
            "hotel",
            search={"price": PRICES, "stars": ("2", "3", "4", "5"), "area": AREAS},
            facts=("phone", "address", "postcode", "parking", "breakfast"),
            booking={"people": _PEOPLE, "day": DAYS, "nights": ("1", "2", "3", "4", "5", "6", "7")},
            highlights=("price", "stars", "area"),
        ),
        Domain(
            "attraction",
            search={
                "category": (
                    "museum",
                    "park",
                    "theatre",
                    "art gallery",
                    "swimming pool",
                    "castle",
                    "nightclub",
                    "market",
                    "zoo",
                ),
                "area": AREAS,
            },
            facts=("phone", "address", "postcode", "fee", "hours"),
            booking={},
            highlights=("category", "area"),
        ),
        Domain(
            "train",
            search={"departure": (HUB, *CITIES), "destination": (HUB, *CITIES), "period": PERIODS},
            facts=("duration", "fare", "platform"),
            booking={"people": _TICKETS, "day": DAYS},
            highlights=("leave", "arrive"),
        ),
        Domain(
            "cinema",
            search={
                "genre": ("action", "animated", "comedy", "documentary", "horror", "romantic", "science fiction"),
                "area": AREAS,
                "period": PERIODS,
            },
            facts=("length", "fare", "director", "address"),
            booking={"people": _TICKETS, "day": DAYS},
            highlights=("cinema", "start"),
        ),
        Domain(
            "doctor",
            search={
                "specialty": (
                    "dentist",
                    "optician",
                    "dermatologist",
                    "physiotherapist",
                    "paediatrician",
                    "cardiologist",
                ),
                "area": AREAS,
                "language": ("Arabic", "French", "German", "Polish", "Spanish"),
            },
            facts=("phone", "address", "postcode", "fee"),
            booking={"day": DAYS[:5], "time": _times(8, 16)},
            highlights=("specialty", "area"),
        ),
        Domain(
            "taxi",
            search={"type": ("standard", "estate", "six-seater", "wheelchair-accessible", "electric")},
            facts=("phone", "plate", "driver"),
            booking={"departure": LANDMARKS, "destination": LANDMARKS, "time": _times(6, 23)},
            highlights=(),
        ),
    )
}
