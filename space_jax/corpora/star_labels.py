"""STAR's action labels: which unified acts each has, and the frame that its name spells.

A label is a wizard's suggested reply, `bank_ask_pin` or `hello`. The acts are those of the reply's wording in the
source's templates, by the definitions of the unified acts.
"""

import dataclasses
import re

_DOMAINS = "apartment bank doctor hotel meeting party plane restaurant ride spaceship trip trivia weather"
DOMAINS = frozenset(_DOMAINS.split())
"""Domains, the prefixes of labels up to the first "_"; a label without one belongs to all domains."""

_LABELS_OF: dict[tuple[str, ...], str] = {
    ("hi",): "hello",
    ("bye",): """
        goodbye_1 goodbye_2 bank_bye doctor_bye meeting_bye party_bye restaurant_bye ride_bye spaceship_bye trip_bye
        trivia_bye weather_bye
    """,
    ("dont_understand",): "out_of_scope",
    # Whether more is wanted; the next step of the route.
    ("direct",): """
        anything_else apartment_ask_search_more hotel_ask_search_more plane_ask_more_questions
        restaurant_ask_continue_searching trip_inform_detailed_step
    """,
    ("request",): """
        ask_name ask_departure_location
        apartment_ask_apartment_name apartment_ask_application_fee_paid apartment_ask_balcony
        apartment_ask_custom_message apartment_ask_day apartment_ask_elevator apartment_ask_end_time apartment_ask_floor
        apartment_ask_nearby_pois apartment_ask_num_bedrooms apartment_ask_price apartment_ask_start_time
        bank_ask_account_number bank_ask_childhood_pets_name bank_ask_dob bank_ask_fraud_details
        bank_ask_mothers_maiden_name bank_ask_pin
        doctor_ask_day doctor_ask_doctor_name doctor_ask_end_time doctor_ask_start_time doctor_ask_symptoms
        hotel_ask_customer_request hotel_ask_date_from hotel_ask_date_to hotel_ask_hotel hotel_ask_location
        hotel_ask_name hotel_ask_price hotel_ask_rating hotel_ask_room_number hotel_ask_service_request hotel_ask_time
        meeting_ask_day meeting_ask_end_time meeting_ask_guest_name meeting_ask_reason meeting_ask_start_time
        party_ask_arrival_time party_ask_day party_ask_dietary_restrictions party_ask_drinks party_ask_end_time
        party_ask_food party_ask_host party_ask_number_of_guests party_ask_parking_needed party_ask_starting_time
        party_ask_venue party_inform_food_drink_criteria
        plane_ask_arrival_city plane_ask_date plane_ask_departure_city plane_ask_flight_id
        restaurant_ask_delivery restaurant_ask_food_type restaurant_ask_location restaurant_ask_rating
        restaurant_ask_restaurant restaurant_ask_size restaurant_ask_takes_reservations restaurant_ask_time
        ride_ask_booking_number ride_ask_change ride_ask_departure ride_ask_destination
        spaceship_ask_code spaceship_ask_code_type spaceship_ask_colour_second_cable spaceship_ask_colour_top_cable
        spaceship_ask_lock_manufacturer spaceship_ask_rank
        trip_ask_arrival_location trip_ask_departure_location trip_ask_departure_time trip_ask_travel_mode
        trivia_ask_question trivia_ask_question_number
        weather_ask_day weather_ask_location
    """,
    # Criteria: what one may search by. The outcome of the spaceship is good or bad news in free words.
    ("inform",): """
        apartment_inform_search_criteria bank_inform_balance doctor_inform_doctors_instructions
        hotel_inform_location hotel_inform_name hotel_inform_price hotel_inform_rating hotel_inform_search_criteria
        plane_request_optional restaurant_inform_search_criteria ride_inform_search_criteria
        ride_provide_booking_status ride_provide_booking_status_update ride_provide_driver_details
        spaceship_inform_outcome trip_instructions_done weather_inform_forecast
    """,
    # The answer, and whether to continue.
    ("inform", "direct"): """
        trivia_inform_answer_2_ask_next trivia_inform_answer_correct_ask_next trivia_inform_answer_incorrect_ask_next
    """,
    # It is free: shall it be booked?
    ("inform", "offer"): """
        apartment_inform_viewing_available doctor_inform_booking_available hotel_ask_confirm_booking
        party_ask_confirm_booking plane_flight_available restaurant_ask_confirm_booking
    """,
    ("propose", "offer"): "ride_ask_confirm_booking",
    ("propose",): """
        apartment_inform_search_result hotel_provide_search_result plane_inform_flight_details
        restaurant_inform_search_results
    """,
    # A step of the route, and which of two routes to take.
    ("direct", "select"): "trip_inform_last_step_and_done trip_inform_simple_step_ask_proceed",
    ("notify_success",): """
        apartment_inform_booking_successful bank_inform_fraud_report_submitted doctor_inform_booking_successful
        hotel_inform_service_request_successful hotel_reservation_succeeded meeting_inform_confirmed
        party_booking_successful party_confirm_rsvp plane_reservation_succeeded restaurant_inform_booking_successful
        ride_confirm_booking ride_inform_changes_successful
    """,
    ("notify_failure",): """
        apartment_inform_viewing_unavailable bank_inform_cannot_authenticate bank_inform_nothing_found
        doctor_inform_booking_unavailable doctor_inform_nothing_found hotel_inform_service_request_failed
        hotel_reservation_failed hotel_unavailable party_booking_failed party_no_venue_available
        party_venue_not_available plane_flight_unavailable plane_reservation_failed restaurant_inform_booking_failed
        restaurant_inform_unavailable ride_inform_changes_failed spaceship_inform_nothing_found
    """,
    # Nothing matches: other criteria, another day?
    ("notify_failure", "direct"): """
        apartment_inform_nothing_found hotel_inform_nothing_found meeting_inform_nothing_found
        meeting_inform_unavailable_ask_different_time plane_inform_nothing_found restaurant_inform_nothing_found
        ride_inform_nothing_found trip_inform_nothing_found trivia_inform_nothing_found weather_inform_nothing_found
    """,
}

ACTS_OF: dict[str, tuple[str, ...]] = {label: acts for acts, labels in _LABELS_OF.items() for label in labels.split()}
"""The source's labels -> the unified acts."""

FREE = "custom"
"""The label of a free reply of the wizard, which does not say what the reply does."""


@dataclasses.dataclass(frozen=True, slots=True)
class Label:
    """A parsed label.

    Attributes:
      domain: None for a label that every domain has.
      intent: `ask` for one that asks for a slot; else the rest of the label without its number.
      slot: the requested slot, or None.
    """

    domain: str | None
    intent: str
    slot: str | None


def parse(label: str) -> Label:
    """Parses a label of `ACTS_OF`: `bank_ask_pin` -> bank, ask, pin; `goodbye_1` -> None, goodbye, None."""
    first, _, behind = label.partition("_")
    domain, rest = (first, behind) if first in DOMAINS else (None, label)
    if ACTS_OF[label] == ("request",) and rest.startswith("ask_"):
        return Label(domain, "ask", rest.removeprefix("ask_"))
    return Label(domain, re.sub(r"_\d+$", "", rest), None)
