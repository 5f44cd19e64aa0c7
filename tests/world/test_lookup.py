"""The database's answer to a belief state, on a world of three hotels."""

import pytest

from space_jax.agent.lexicalise import speak
from space_jax.tasks.dialogue.act_text import PlannedAct
from space_jax.world.backend import Tables
from space_jax.world.corpus_worlds import SimulatedBackend
from space_jax.world.database import Database
from space_jax.world.lookup import NOTHING, Offers, count_token, look_up

ROWS = [{"name": name, "area": "north", "phone": phone} for name, phone in (("A One", "1"), ("B Two", "2"), ("C", "3"))]
WORLD = Tables(Database({"hotel": ROWS}), {"hotel": ("day",)})
NORTH = {"hotel": {"area": ("north",)}}
KEY = frozenset({("area", "north")})


@pytest.mark.parametrize(
    ("count", "token"), [(0, "[db_0]"), (1, "[db_1]"), (2, "[db_2]"), (3, "[db_2]"), (4, "[db_3]")]
)
def test_buckets(count, token):
    assert count_token(count) == token


@pytest.mark.parametrize("state", [{}, {"taxi": {"day": ("monday",)}}])
def test_nothing_to_ask(state):
    assert look_up(WORLD, state, Offers()) == NOTHING


def test_the_last_domain_is_asked():
    found = look_up(WORLD, {"taxi": {}, **NORTH}, Offers())
    assert (found.domain, found.count, found.tokens) == ("hotel", 3, ("[db_2]", "[book_nores]"))


def test_what_was_offered_under_the_same_constraints_is_left_out():
    offers = Offers().with_names("hotel", KEY, ("A One",))
    assert [row["name"] for row in look_up(WORLD, NORTH, offers).rows] == ["B Two", "C"]
    assert look_up(WORLD, {"hotel": {"area": ("dontcare",)}}, offers).count == 3


def test_an_accepted_offer_and_its_booking():
    offers = Offers().with_names("hotel", KEY, ("A One", "B Two"))
    state = {"hotel": {"area": ("north",), "name": ("offered",)}}
    found = look_up(WORLD, state, offers)
    assert found.accepted
    assert (found.rows[0]["name"], found.tokens) == ("B Two", ("[db_1]", "[book_nores]"))
    booked = look_up(WORLD, {"hotel": {"name": ("a one",), "day": ("monday",)}}, offers)
    assert (booked.rows[0]["name"], booked.tokens) == ("A One", ("[db_1]", "[book_success]"))
    assert booked.reference == WORLD.book("hotel", "A One", {"day": "monday"})


def test_an_offer_that_was_never_made_is_a_search():
    found = look_up(WORLD, {"hotel": {"name": ("offered",)}}, Offers())
    assert (found.accepted, found.count) == (False, 3)


def test_a_booking_that_is_turned_down():
    backend = SimulatedBackend()
    rows = backend.database.query("train", {})
    booking = {"people": "2", "day": "Monday"}
    full = next(row["name"] for row in rows if backend.book("train", row["name"], booking) is None)
    state = {"train": {"name": (full,), **{slot: (value,) for slot, value in booking.items()}}}
    assert look_up(backend, state, Offers()).tokens == ("[db_1]", "[book_fail]")


TRAINS = [{"arrive_by": "10:00", "day": "monday", "train_id": name} for name in ("TR1", "TR2")]
CITY = Tables(
    Database(
        {
            "train": TRAINS,
            "police": [{"name": "Parkside", "phone": "999"}],
            "hotel": ROWS,
            "taxi": [{"car": "red bmw", "phone": "07"}],
        }
    ),
    {"train": ("people",), "hotel": ("day",)},
)


def test_what_has_no_name_is_booked_when_its_booking_is_known():
    wanted = {"day": ("monday",), "arrive_by": ("11:00",)}
    found = look_up(CITY, {"train": wanted}, Offers())
    assert (found.accepted, found.count, found.tokens) == (False, 2, ("[db_2]", "[book_nores]"))
    booked = look_up(CITY, {"train": {**wanted, "people": ("2",)}}, Offers())
    assert (booked.rows[0]["train_id"], booked.tokens) == ("TR1", ("[db_1]", "[book_success]"))
    assert booked.reference == CITY.book("train", "TR1", {"people": "2"})
    none = look_up(CITY, {"train": {"day": ("friday",), "people": ("2",)}}, Offers())
    assert (none.count, none.reference, none.tokens) == (0, None, ("[db_0]", "[book_nores]"))


def test_domains_and_slots_of_a_state_may_be_written_in_any_way():
    found = look_up(WORLD, {"Hotel": {"Area": ("North",), "Name": ("a one",), "Day": ("monday",)}}, Offers())
    assert (found.domain, found.rows[0]["name"], found.tokens) == ("hotel", "A One", ("[db_1]", "[book_success]"))
    assert found.constraints == KEY


def test_a_booking_is_of_the_domain_that_is_spoken_of():
    state = {"hotel": {"name": ("B Two",), "day": ("monday",)}}
    found = look_up(CITY, state, Offers())
    response = "I booked [booking_name] for [booking_day], reference [booking_reference]."
    assert (
        speak(response, (), state, found, Offers(), CITY).text
        == f"I booked B Two for monday, reference {found.reference}."
    )


def test_domains_that_were_never_asked_about_have_values():
    found = look_up(CITY, NORTH, Offers())
    spoken = speak("[police_phone], [taxi_car], [taxi_phone]", (), {"taxi": {}, **NORTH}, found, Offers(), CITY)
    assert spoken.text == "999, red bmw, 07"


def test_words_and_what_was_said():
    found = look_up(WORLD, NORTH, Offers())
    acts = (PlannedAct("hotel", "inform", ("count",)), PlannedAct("hotel", "select", ("name", "name")))
    response = "I have [hotel_count]: [hotel_name], phone [hotel_phone], or [ hotel_name ], phone [hotel_phone]."
    spoken = speak(response, acts, NORTH, found, Offers(), WORLD)
    assert spoken.text == "I have 3: A One, phone 1, or B Two, phone 2."
    assert spoken.acts[1].slots == (("name", "A One"), ("name", "B Two"))
    assert spoken.names == {"hotel": ("A One", "B Two")}


def test_a_value_that_is_not_said_was_not_told():
    found = look_up(WORLD, NORTH, Offers())
    spoken = speak("Sure.", (PlannedAct("hotel", "inform", ("phone",)),), NORTH, found, Offers(), WORLD)
    assert spoken.acts[0].slots == (("phone", None),)


def test_no_placeholder_is_ever_said():
    spoken = speak("Yes. A [hotel_entrance_fee] [x_y] [", (), {}, NOTHING, Offers(), WORLD)
    assert (spoken.text, spoken.missing) == ("Yes. I have not looked for a hotel yet.", ("hotel", "entrance_fee"))
    found = look_up(WORLD, NORTH, Offers())
    assert "[" not in speak("[x_y[hotel_name]]", (), NORTH, found, Offers(), WORLD).text


def test_articles_follow_the_value():
    state = {"hotel": {"kind": ("inn",), "price": ("cheap",)}}
    spoken = speak("A [hotel_kind], an [hotel_price] one in data [hotel_kind]", (), state, NOTHING, Offers(), WORLD)
    assert spoken.text == "An inn, a cheap one in data inn"


def test_what_the_user_wants_is_believed():
    state = {"hotel": {"area": ("south",)}}
    found = look_up(WORLD, state, Offers())
    acts = (PlannedAct("hotel", "notify_failure", ("area",)),)
    spoken = speak("Nothing in the [hotel_area].", acts, state, found, Offers(), WORLD)
    assert (found.count, spoken.text) == (0, "Nothing in the south.")


def test_a_repetition_names_the_same_again():
    offers = Offers().with_names("hotel", KEY, ("A One",))
    acts = (PlannedAct("general", "repeat"), PlannedAct("hotel", "propose", ("name",)))
    assert speak("[hotel_name].", acts, NORTH, look_up(WORLD, NORTH, offers), offers, WORLD).text == "A One."
