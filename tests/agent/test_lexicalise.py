"""Nothing is said of what there is not: no name, no booking, no value that the row lacks, no slot's name as a word."""

import re
from pathlib import Path

import pytest

from space_jax.agent.lexicalise import SystemAct, settled, speak
from space_jax.dialogue.jsonl import read_jsonl
from space_jax.tasks.dialogue.act_text import PlannedAct
from space_jax.tasks.dialogue.records import records_with
from space_jax.world.backend import Tables
from space_jax.world.corpus_worlds import Worlds
from space_jax.world.database import Database
from space_jax.world.lookup import NO_OFFERS, Offers, look_up

MILL = {"name": "Mill House", "price": "expensive", "stars": "5", "area": "south", "phone": ""}
PROPOSE = (PlannedAct("hotel", "propose", ("name", "price", "stars")),)
OFFER = "I can recommend [hotel_name], a [hotel_price] [hotel_stars]-star hotel."
DAY = {"hotel": ("day",)}


def said(response, state, rows=(MILL,), acts=(), table="hotel", booking=None, told=None, offers=NO_OFFERS):
    backend = Tables(Database({table: rows}), booking, told)
    return speak(response, acts, state, look_up(backend, state, offers), offers, backend)


def test_a_table_of_another_name_offers_nothing():
    """`placeholder_as_words/tables`."""
    spoken = said("May I suggest [hotel_name], a [hotel_stars]-star place?", {"hotel": {}}, table="hotels")
    assert (spoken.text, spoken.acts, spoken.names) == ("I cannot look up any hotel.", (), {})
    assert spoken.missing == ("hotel", "name")
    assert said("Shall I?", {"hotel": {"name": ("Mill",)}}, table="hotels", acts=PROPOSE).text == spoken.text


@pytest.mark.parametrize("acts", [PROPOSE, ()])
def test_a_search_that_found_nothing_offers_nothing(acts):
    """`placeholder_as_words/tables2`; nor does it name what the user wished for."""
    state = {"hotel": {"stars": ("4",), "name": ("Mill House",)}}
    for response in (OFFER, "There's no other [hotel_price] [hotel_stars]-star hotel in the area."):
        spoken = said(response, {"hotel": {"stars": ("4",)}}, acts=acts)
        assert (spoken.text, spoken.acts) == ("I found no hotel with stars 4.", ())
    assert said("[hotel_name] is free.", {"hotel": {**state["hotel"], "name": ("Ritz",)}}).text.startswith("I found no")


def test_what_was_wished_in_vain_can_be_said():
    acts = (PlannedAct("hotel", "notify_failure", ("stars",)),)
    spoken = said("There's no [hotel_stars]-star hotel.", {"hotel": {"stars": ("4",)}}, acts=acts)
    assert (spoken.text, spoken.missing) == ("There's no 4-star hotel.", None)
    assert spoken.acts == (SystemAct("hotel", "notify_failure", (("stars", "4"),)),)


def test_a_value_that_the_row_does_not_have_is_not_claimed_of_it():
    """`table_column_of_another_name`: "a cheap 5-star hotel"."""
    row = {"name": "Mill House", "price_range": "expensive", "stars": "5"}
    state, told = {"hotel": {"price": ("cheap",), "day": ("monday",)}}, {"hotel": ("name", "price", "stars")}
    spoken = said(OFFER, state, [row], PROPOSE, told=told)
    assert spoken.text == "Mill House: price range expensive, stars 5. I do not know the price."
    assert (spoken.names, spoken.acts) == ({"hotel": ("Mill House",)}, ())
    # Of tables that nobody knows all slots may be facts; a booking's never are, nor what no table ever told.
    assert said(OFFER, state, [row], told={}).missing == ("hotel", "price")
    free = "[hotel_name] is free on [hotel_day]."
    assert said(free, state, [row], told={}).missing == ("hotel", "day")
    for known in ({"booking": DAY, "told": {}}, {"told": told}, {}):
        assert said(free, state, [row], **known).text == "Mill House is free on monday."


def test_a_cell_that_is_not_known_is_not_what_was_wished():
    """`table_numbers_as_floats/tables_with_gap`: The Barn, whose stars nobody knows."""
    barn = {"name": "The Barn", "price": "cheap", "stars": "?"}
    spoken = said(OFFER, {"hotel": {"stars": ("4",)}}, [barn], PROPOSE)
    assert spoken.text == "The Barn: price cheap. I do not know the stars."


def test_a_missing_value_ends_the_answer_where_its_sentence_begins():
    """`table_not_a_number`, whose telephone number is not known."""
    spoken = said("Sure. The number is [hotel_phone]. Shall I book it?", {"hotel": {}})
    assert spoken.text == "Sure. Mill House: price expensive, stars 5, area south. I do not know the phone."


@pytest.mark.parametrize(
    ("state", "booking", "text"),
    [
        ({"name": ("Mill House",)}, None, "I cannot book a hotel."),
        ({"name": ("Mill House",)}, DAY, "I have not booked a hotel yet: I need the day."),
        ({"day": ("monday",)}, DAY, "I have not booked a hotel yet: which one shall it be?"),
        ({"name": ("Ritz",), "stars": ("1",), "day": ("monday",)}, DAY, "I found no hotel with name Ritz, stars 1."),
    ],
)
def test_nothing_is_booked_that_is_not_booked(state, booking, text):
    acts = (PlannedAct("hotel", "notify_success", ("reference",)),)
    given = {"state": {"hotel": state}, "booking": booking}
    assert said("It is booked: [hotel_reference].", **given).text == text
    if booking:
        assert said("It is booked.", **given, acts=acts).text == text


def test_a_booking_that_is_turned_down():
    class Full(Tables):
        def book(self, domain, name, booking):
            return None

    backend, state = Full(Database({"hotel": [MILL]}), DAY), {"hotel": {"name": ("Mill House",), "day": ("monday",)}}
    found = look_up(backend, state, NO_OFFERS)
    spoken = speak("Your reference is [hotel_reference].", (), state, found, NO_OFFERS, backend)
    assert (found.tokens[-1], spoken.text) == ("[book_fail]", "The hotel cannot be booked for that.")


def test_all_that_fitted_was_offered():
    offers = Offers({"hotel": ((frozenset(), "Mill House"),)})
    assert said(OFFER, {"hotel": {}}, acts=PROPOSE, offers=offers).text == "I found no other hotel."


def test_a_question_about_an_offer_is_answered_about_it():
    """The search leaves out what was offered under the same wishes, in case the user wants another."""
    oak = {"name": "Oak", "price": "dear", "stars": "3"}
    inform, price = (PlannedAct("hotel", "inform", ("price",)),), "[hotel_name] costs [hotel_price]."
    offers, none = Offers({"hotel": ((frozenset(), "Mill House"),)}), {"hotel": {}}
    assert said(price, none, [MILL, oak], inform, offers=offers).text == "Mill House costs expensive."
    assert said("It costs [hotel_price].", none, [MILL], (), offers=offers).text == "It costs expensive."
    assert said(price, none, [MILL, oak], PROPOSE, offers=offers).text == "Oak costs dear."
    other = {"hotel": {"stars": ("3",)}}  # another wish is another search
    assert said(price, other, [MILL, oak], inform, offers=offers).text == "Oak costs dear."
    booked = said("Your reference is [hotel_reference].", none, [MILL], inform, booking=DAY, offers=offers)
    assert booked.text == "I have not booked a hotel yet: I need the day."


def test_without_any_table_acts_are_words():
    backend = Tables(Database({}))
    found = look_up(backend, {"hotel": {}}, NO_OFFERS)
    assert speak("We have a room.", PROPOSE, {"hotel": {}}, found, NO_OFFERS, backend).text == "We have a room."
    spoken = speak("There are [hotel_count].", (), {}, found, NO_OFFERS, backend)
    assert spoken.text == "I cannot look up any hotel."


def test_domains_and_slots_may_be_any_names():
    """And placeholders need no domain where it is clear."""
    rows = [{"name": "Spoke & Co", "opening hours": "9 to 5", "Größe": "klein"}]
    acts = (PlannedAct("Bike_Shop", "propose", ("name", "Opening Hours")),)
    response = "[Bike_Shop_name], [bike_shop_opening_hours], [opening hours], [ bike _ shop _ größe ], [laughs]"
    spoken = said(response, {"Bike_Shop": {}}, rows, acts, table="bike shop")
    assert spoken.text == "Spoke & Co, 9 to 5, 9 to 5, klein, [laughs]"
    assert spoken.names == {"bike_shop": ("Spoke & Co",)}
    assert spoken.acts[0].slots == (("name", "Spoke & Co"), ("Opening Hours", "9 to 5"))


def test_true_responses_become_the_true_words():
    """All turns of the example that docs/own_agent.md walks through, but for the references of bookings."""
    source, turns = Path(__file__).parents[2] / "examples" / "boats", 0
    world = Worlds("", "", str(source / "tables")).of("")
    for dialogue in read_jsonl(source / "annotated.jsonl"):
        offers, texts = NO_OFFERS, {f"{dialogue.id}-{n}": turn.text for n, turn in enumerate(dialogue.turns)}
        for record in records_with(dialogue, world):
            true = record.target
            assert true.state is not None
            found = look_up(world, true.state, offers)
            spoken = speak(true.response, true.acts, true.state, found, offers, world)
            reference = re.search(r"\b[A-Z0-9]{8}\b", texts[record.id])
            expected = texts[record.id].replace(reference[0], found.reference) if reference else texts[record.id]
            assert (spoken.text, spoken.missing) == (expected, None)
            for domain, names in spoken.names.items():
                offers = offers.with_names(domain, found.constraints, names)
            turns += 1
    assert turns > 100


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("", ""),
        ("One", ""),
        ("One.", ""),
        ("One. ", "One."),
        ("One. [a_b", "One."),
        ("A 4.5 b", ""),
        ("A? B! c", "A? B!"),
    ],
)
def test_sentences_that_will_not_change(text, whole):
    assert settled(text) == whole
