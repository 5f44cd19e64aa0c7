"""Generates the world's entities, domain by domain; the same for every seed of a corpus."""

import random
from collections.abc import Callable

from space_jax.corpora.simulated import names
from space_jax.corpora.simulated.schema import AREAS, CITIES, DOMAINS, HUB, NAME, PERIODS, PRICES

Entity = dict[str, str]
"""Slot to canonical value; every entity has a name."""

_HOURS = {"morning": (6, 11), "afternoon": (12, 17), "evening": (18, 22)}


def _contact(rng: random.Random) -> dict[str, str]:
    return {
        "phone": f"01632 {rng.randrange(960000, 961000)}",
        "address": f"{rng.randrange(1, 140)} {rng.choice(names.STREETS)}",
        "postcode": f"AM{rng.randrange(1, 9)} {rng.randrange(1, 9)}{rng.choice('BDEFGHJL')}{rng.choice('NPQRSTUW')}",
    }


def _opening_hours(rng: random.Random, opens: tuple[int, ...], closes: tuple[int, ...]) -> str:
    return f"{rng.choice(opens)} am to {rng.choice(closes)} pm"


def _time_in(rng: random.Random, period: str) -> tuple[int, int]:
    first, last = _HOURS[period]
    return rng.randint(first, last), rng.randrange(0, 60, 5)


def _restaurants(rng: random.Random) -> list[Entity]:
    rows: list[Entity] = []
    for food, lasts in names.RESTAURANT_LAST.items():
        firsts = rng.sample(names.RESTAURANT_FIRST, len(lasts) + 1)
        for first, last in zip(firsts, (*lasts, rng.choice(lasts)), strict=True):
            place = {"food": food, "price": rng.choice(PRICES), "area": rng.choice(AREAS)}
            hours = _opening_hours(rng, (9, 10, 11), (9, 10, 11))
            rows.append({NAME: f"The {first} {last}"} | place | {"hours": hours} | _contact(rng))
    return rows


def _hotels(rng: random.Random) -> list[Entity]:
    rows: list[Entity] = []
    pairs = [f"{first} {last}" for first in names.HOTEL_FIRST for last in names.HOTEL_LAST]
    for name in rng.sample(pairs, 50):
        price = rng.choice(PRICES)
        stars = {"cheap": ("2", "3"), "moderate": ("3", "4"), "expensive": ("4", "5")}[price]
        place = {"price": price, "stars": rng.choice(stars), "area": rng.choice(AREAS)}
        extras = {
            "parking": rng.choice(("free parking", "paid parking", "no parking")),
            "breakfast": rng.choice(("included in the price", "available for an extra charge")),
        }
        rows.append({NAME: name} | place | extras | _contact(rng))
    return rows


def _attractions(rng: random.Random) -> list[Entity]:
    rows: list[Entity] = []
    for category in DOMAINS["attraction"].search["category"]:
        for first in rng.sample(names.ATTRACTION_FIRST, 5):
            fee = rng.choice(("free", "3 pounds", "5 pounds", "8 pounds", "12 pounds"))
            hours = _opening_hours(rng, (8, 9, 10), (4, 5, 6, 8))
            name = {NAME: f"{first} {category.title()}", "category": category, "area": rng.choice(AREAS)}
            rows.append(name | {"fee": fee, "hours": hours} | _contact(rng))
    return rows


def _trains(rng: random.Random) -> list[Entity]:
    rows: list[Entity] = []
    routes = [route for city in CITIES for route in ((HUB, city), (city, HUB))]
    numbers = rng.sample(range(1000, 9999), len(routes) * 4)
    for departure, destination in routes:
        for period in (*rng.sample(PERIODS, 2), *rng.sample(PERIODS, 2)):  # two draws: some routes miss a period
            hour, minute = _time_in(rng, period)
            minutes = rng.randrange(25, 120, 5)
            end = hour * 60 + minute + minutes
            route = {"departure": departure, "destination": destination, "period": period}
            times = {"leave": f"{hour:02d}:{minute:02d}", "arrive": f"{end // 60 % 24:02d}:{end % 60:02d}"}
            ticket = {"fare": f"{5 + minutes // 5} pounds", "platform": str(rng.randrange(1, 13))}
            rows.append({NAME: f"TR{numbers[len(rows)]}"} | route | times | {"duration": f"{minutes} minutes"} | ticket)
    return rows


def _films(rng: random.Random) -> list[Entity]:
    rows: list[Entity] = []
    addresses = {cinema: _contact(rng)["address"] for cinema in names.CINEMAS}
    for genre, titles in names.FILM_TITLES.items():
        for title in titles:
            cinema = rng.choice(tuple(names.CINEMAS))
            period = rng.choice(PERIODS[1:] if genre == "horror" else PERIODS)
            hour, minute = _time_in(rng, period)
            start = f"{max(hour, 9):02d}:{minute:02d}"
            place = {"genre": genre, "area": names.CINEMAS[cinema], "period": period, "cinema": cinema, "start": start}
            film = {
                "length": f"{rng.randrange(80, 165, 5)} minutes",
                "fare": f"{rng.randrange(6, 15)} pounds",
                "director": f"{rng.choice(names.FIRST_NAMES)} {rng.choice(names.SURNAMES)}",
            }
            rows.append({NAME: title} | place | film | {"address": addresses[cinema]})
    return rows


def _doctors(rng: random.Random) -> list[Entity]:
    rows: list[Entity] = []
    people = rng.sample([f"Dr {first} {last}" for first in names.FIRST_NAMES for last in names.SURNAMES], 54)
    specialties = DOMAINS["doctor"].search["specialty"]
    for index, name in enumerate(people):
        place = {"specialty": specialties[index % len(specialties)], "area": rng.choice(AREAS)}
        language = rng.choice(DOMAINS["doctor"].search["language"])
        fee = f"{rng.randrange(30, 95, 5)} pounds"
        rows.append({NAME: name} | place | {"language": language, "fee": fee} | _contact(rng))
    return rows


def _taxis(rng: random.Random) -> list[Entity]:
    rows: list[Entity] = []
    for kind, models in names.CARS.items():
        for model in models:
            for colour in rng.sample(names.COLOURS, 4):
                plate = f"AM{rng.randrange(10, 70)} {''.join(rng.sample('BCDFGHJKLMNP', 3))}"
                driver = f"{rng.choice(names.FIRST_NAMES)} {rng.choice(names.SURNAMES)}"
                phone = _contact(rng)["phone"]
                rows.append({NAME: f"{colour} {model}", "type": kind, "plate": plate, "driver": driver, "phone": phone})
    return rows


BUILDERS: dict[str, Callable[[random.Random], list[Entity]]] = {
    "restaurant": _restaurants,
    "hotel": _hotels,
    "attraction": _attractions,
    "train": _trains,
    "cinema": _films,
    "doctor": _doctors,
    "taxi": _taxis,
}
"""Domain to the function that lists its entities."""
