"""Direct questions about one slot: domain or "*" -> slot -> templates (see `grammar`).

A domain's own templates for a slot replace the shared ones.
"""

Questions = dict[str, dict[str, tuple[str, ...]]]

USER_QUESTIONS: Questions = {
    "*": {
        "phone": (
            "what's (the|their) [phone ]number?", "how can I (call|reach) them?", "what number do I call?",
        ),
        "address": (
            "what's the [exact ]address?", "where is it[ exactly]?", "where can I find it?",
        ),
        "postcode": (
            "what's the postcode?", "which postcode is that?", "and what's their postcode?",
        ),
        "hours": (
            "when (is it|are they) open?", "what are the opening (hours|times)?", "how late (is it|are they) open?",
        ),
        "area": (
            "which (area|part of town) is (it|that) in?", "what (area|part of town) is it in?",
        ),
        "price": (
            "how (expensive|pricey) is it?", "what's the price range?", "what are the prices like?",
        ),
        "food": ("what (kind|type|sort) of food do they (serve|have)?", "what do they serve?"),
        "stars": ("how many stars does it have?", "what's the star rating?"),
        "parking": (
            "(is there|do they have) parking?", "can I park there?", "what about parking?",
        ),
        "breakfast": (
            "is breakfast included?", "do they (do|serve) breakfast?", "what about breakfast?",
        ),
        "fee": (
            "how much is (the entrance fee|it to get in)?", "what does it cost to get in?",
            "what's the entrance fee?",
        ),
        "category": ("what kind of place is it?", "what sort of attraction is that?"),
        "duration": ("how long (does it take|is the journey)?", "what's the travel time?"),
        "fare": (
            "how much (is a ticket|are the tickets)?", "what does a ticket cost?", "what's the ticket price?",
        ),
        "platform": ("(which|what) platform does it leave from?", "which platform is it?"),
        "length": ("how long is (it|the film)?", "what's the running time?"),
        "director": ("who (directed|made) (it|the film)?", "who's the director?"),
        "genre": ("what kind of film is (it|that)?", "what's the genre?"),
        "period": ("is that in the morning or later?", "what time of day is that?"),
        "language": ("what [other ]language do they speak?", "do they speak any other languages?"),
        "specialty": ("what's their specialty?", "what kind of doctor is that?"),
        "plate": ("what's the (licence|number) plate?", "what plate should I look out for?"),
        "driver": ("what's the driver's name?", "who is the driver?", "who will be driving?"),
    },
    "doctor": {
        "fee": (
            "how much is (a consultation|an appointment)?", "what does a consultation cost?",
        ),
    },
    "taxi": {
        "phone": ("what's the driver's number?", "how can I reach the driver?"),
    },
}  # fmt: skip
"""What users ask of an entity."""

SYSTEM_QUESTIONS: Questions = {
    "*": {
        "area": (
            "(which|what) (area|part of town) (would you like|do you have in mind|do you prefer)?",
            "do you have a preferred (area|part of town)?", "where in town (should it be|would you like it)?",
            "is there an area you('d| would) prefer?",
        ),
        "price": (
            "(what|which) price range (would you like|do you have in mind|are you looking for)?",
            "how much (would you like|do you want) to spend?", "do you have a price range in mind?",
            "what (is your budget|price range should it be)?",
        ),
        "day": (
            "(which|what) day (would you like|do you have in mind|suits you)?", "(on|for) (which|what) day?",
            "what day should (it|that) be[ for]?",
        ),
        "time": (
            "[at ]what time(| would you like| should I book it for)?", "what time (suits you|works for you)?",
            "for what time?",
        ),
    },
    "restaurant": {
        "food": (
            "(what|which) (kind|type|sort) of food (would you like|do you (like|prefer|have in mind))?",
            "do you have a (particular|preferred) cuisine[ in mind]?",
            "what (would you like to eat|are you in the mood for)?",
        ),
        "people": (
            "[for ]how many people?", "how many (people|guests) (will there be|will be coming|should I book for)?",
            "what (is the size of your party|size is your party)?",
        ),
    },
    "hotel": {
        "stars": (
            "how many stars should (it|the hotel) have?", "do you have a star rating in mind?",
            "what star rating (would you like|do you prefer)?",
        ),
        "people": (
            "how many people (will be staying|are staying|is the room for)?", "for how many (people|guests)?",
            "how many guests will there be?",
        ),
        "nights": (
            "[for ]how many nights(| will you be staying| would you like to stay)?", "how long will you be staying?",
            "how long is your stay?",
        ),
        "day": (
            "(what|which) day (will you be arriving|do you arrive|should the stay begin)?",
            "when will you (arrive|check in)?", "starting on (which|what) day?",
        ),
    },
    "attraction": {
        "category": (
            "what (kind|type|sort) of (place|attraction) (would you like to see|interests you|do you have in mind)?",
            "what would you like to (see|visit)?", "do you have a type of attraction in mind?",
        ),
    },
    "train": {
        "departure": (
            "where (are you|will you be) (leaving|departing|travelling) from?",
            "what('s| is) your departure (station|point)?", "which (city|station) do you leave from?",
        ),
        "destination": (
            "where (are you going|would you like to go|do you want to go)[ to]?", "what('s| is) your destination?",
            "where are you travelling to?",
        ),
        "period": (
            "(what|which) time of day (suits you|would you like to travel|do you prefer)?",
            "when [in the day ]would you like to (leave|travel)?", "do you prefer the morning, afternoon or evening?",
        ),
        "people": (
            "how many tickets (do|would) you (need|like)?", "for how many people?",
            "how many of you (are there|will there be)?",
        ),
        "day": (
            "(what|which) day (are you travelling|would you like to travel|will you travel)?",
            "on (which|what) day[ do you want to travel]?", "when would you like to travel?",
        ),
    },
    "cinema": {
        "genre": (
            "(what|which) (kind|type|sort) of (film|movie) (would you like|are you in the mood for|do you like)?",
            "do you have a genre in mind?", "any particular genre?",
        ),
        "period": (
            "(what|which) time of day (suits you|would you prefer)?",
            "(would you like|do you prefer) to go in the morning, afternoon or evening?",
            "when would you like to go[, in the afternoon or the evening]?",
        ),
        "people": (
            "how many tickets (do|would) you (need|like)?", "for how many people?",
            "how many of you (are there|will there be)?",
        ),
    },
    "doctor": {
        "specialty": (
            "what (kind|type|sort) of doctor (do you need|would you like to see)?",
            "which specialty (do you need|are you looking for)?", "do you need a particular specialist?",
        ),
        "language": (
            "should the doctor speak a particular language?", "which other language should the doctor speak, if any?",
            "is there a language you('d| would) prefer to speak?",
        ),
        "day": (
            "(what|which) day (would you like to come|suits you|works for you)?",
            "when would you like (the|your) appointment?", "on (which|what) day?",
        ),
    },
    "taxi": {
        "type": (
            "what (kind|type|sort) of (car|taxi) (do you need|would you like)?",
            "do you need a special (type|kind) of car?", "any preference for the (type|kind) of car?",
        ),
        "departure": (
            "where (should the driver|shall we|should we) pick you up?", "where are you leaving from?",
            "what('s| is) the pick-up point?",
        ),
        "destination": (
            "where (are you going|would you like to go)?", "what('s| is) your destination?",
            "where should the driver take you?",
        ),
        "time": (
            "[at ]what time(| do you need it| should the car come| would you like to leave)?",
            "when (do you want to leave|should the driver be there|do you need it)?", "for what time?",
        ),
    },
}  # fmt: skip
"""What the system asks of the user."""
