"""What the system says: (act, kind) -> domain or "*" -> templates (see `grammar` and `phrases_user`).

Besides the names there: {facts} clauses that state values, {plural} the domain's noun in the plural.
"""

from space_jax.corpora.simulated.phrases_user import Phrases

SYSTEM_PHRASES: Phrases = {
    ("hi", ""): {
        "*": (
            "hello[ there]!", "hi[ there]!", "good day.", "welcome!", "hello and welcome.",
            "hi, thanks for getting in touch.",
        ),
    },
    ("bye", ""): {
        "*": (
            "goodbye[ and take care]!", "bye[ now]!", "have a (good|nice|great|lovely|wonderful) (day|time)!",
            "enjoy your (day|time here)!", "take care!",
            "goodbye, (get in touch|come back) (any time|whenever you need (help|anything)).",
        ),
    },
    ("thank_you", ""): {
        "*": (
            "thank you for (calling|using our service|getting in touch).",
            "thanks for (contacting us|your time|using our service).", "thank you[, it was a pleasure].",
            "thanks for choosing us.", "we appreciate your (call|visit).", "many thanks.",
        ),
    },
    ("welcome", ""): {
        "*": (
            "you're [very |most ]welcome.", "(my pleasure|no problem|not at all|any time).",
            "(glad|happy) to (help|be of help).", "it was (a|my) pleasure[ to help].", "(glad|pleased) I could help.",
            "don't mention it.",
        ),
    },
    ("repeat", ""): {
        "*": (
            "(of course|certainly|sure|no problem).", "sorry, let me (say that again|repeat that).",
            "sure, once more.", "(my apologies|sorry about that), I'll say it again.",
            "(certainly|of course), here it is again.", "I'll repeat that.",
        ),
    },
    ("repeat", "please"): {
        "*": (
            "could you (say|repeat) that[ again][, please]?", "(can|could) you rephrase that[, please]?",
            "please say that again.", "would you mind repeating that?", "can you (say it|tell me) once more?",
            "what was that again?",
        ),
    },
    ("dont_understand", ""): {
        "*": (
            "[I'm ]sorry, I (didn't (catch|get|understand) that|don't understand).",
            "I'm afraid I didn't [quite ]get that.", "pardon me, I missed that.",
            "sorry, I couldn't (follow|make that out).", "apologies, that was not clear[ to me].",
            "hmm, I don't quite follow.",
        ),
    },
    ("direct", ""): {
        "*": (
            "(is there anything else|anything else) I can (help you with|do for you)[ today]?",
            "can I help you with anything else?", "do you need (anything|something) else[ today]?",
            "is there anything else you('d like| need| would like to know)?", "can I do anything else for you?",
            "would you like [help with ]anything else?", "will there be anything else?", "anything else[ today]?",
        ),
    },
    ("direct", "help"): {
        "*": (
            "how (can|may) I help[ you][ today]?", "what can I (do for|help) you[ with][ today]?",
            "how can I be of (help|service)?", "what are you looking for[ today]?", "what do you need[ today]?",
            "tell me what you (need|are looking for).",
        ),
    },
    ("direct", "another"): {
        "*": (
            "(would you like to|shall we) (try|look for) something (else|different)?",
            "would you like to change (anything|something)?", "do you want me to look for something else?",
            "is there something else you would (like|consider)?", "could you be flexible on (that|any of that)?",
            "do you want to try another search?",
        ),
    },
    ("direct", "other_time"): {
        "*": (
            "(would|could) another [day or ]time (work|suit you)?", "shall I try something else?",
            "would you like to (try|pick) (another|a different) one?", "do you want to change the booking?",
            "would you like to try something different?", "can I try something else for you?",
        ),
        "hotel": (
            "would you like to (try|change) (another day|a different stay)?",
            "could you come on another day or stay for a different number of nights?",
        ),
        "train": ("would another day (work|suit you)?", "could you travel on another day?"),
        "cinema": ("would another day (work|suit you)?", "could you go on another day?"),
    },
    ("inform", "count"): {
        "*": (
            "(there are|I have|I found|I see) {count} {plural}[ (like that|that match)].",
            "{count} {plural} (match|fit)[ your (request|search)].", "I've found {count} {plural}[ for you].",
            "we have {count} {plural} (available|like that).", "my search (gives|returned|shows) {count} {plural}.",
            "there are {count} (options|results)[ to choose from].",
        ),
    },
    ("inform", "facts"): {
        "*": (
            "{facts}.", "{facts}.", "(sure|certainly|of course), {facts}.", "well, {facts}.", "let me see: {facts}.",
            "I can tell you that {facts}.", "according to my (records|information), {facts}.",
        ),
    },
    ("impl_confirm", ""): {
        "*": (
            "(okay|all right|sure|got it), {a_np}.", "(right|okay|so), {a_np}(, then|).",
            "{a_np}, (got it|okay|noted|of course).", "so you('d like| want| need) {a_np}.",
            "(good|great), {a_np} it is.", "looking for {a_np}(, okay|).", "(okay|all right|sure|got it), {details}.",
            "(good|noted), {details}.", "{details}, (got it|okay|noted).", "so that's {details}.",
            "[right, ]booking it {details}.", "I'll note that it's {details}.",
        ),
    },
    ("expl_confirm", "search"): {
        "*": (
            "you('re| are) looking for {a_np}, (correct|right|is that right)?",
            "so you (want|would like) {a_np}(?|, yes?|, is that correct?)", "(just to be sure|let me check): {a_np}?",
            "did you say {a_np}?", "is it {a_np} that you're looking for?",
            "let me confirm that: {a_np}, (right|yes)?",
        ),
    },
    ("expl_confirm", "booking"): {
        "*": (
            "(so|okay), that('s| is) {bookable} {details}, (correct|right|is that right)?",
            "{bookable} {details}, (correct|is that right|yes)?",
            "(just to confirm|to confirm|let me check): {bookable} {details}(?|, right?)",
            "shall I book {bookable} {details}?",
            "you('d like| want| would like) {bookable} {details}, (correct|right|is that right)?",
            "please confirm: {bookable} {details}?",
            "I'm about to book {bookable} {details}, is that (okay|all right|correct)?",
        ),
    },
    ("request", ""): {
        "*": ("what {asked} (would you like|do you have in mind)?",),
    },
    ("select", ""): {
        "*": (
            "(would you (prefer|like)|do you prefer) {pair}?",
            "there('s| is) for example {pair_and}, which [one ]would you (like|prefer)?", "{pair}?",
            "which [one ](sounds better|would you like|do you prefer), {pair}?",
            "I could (suggest|offer you) {pair}, which (would you like|is better for you)?",
            "you can choose between {pair_and}.",
        ),
    },
    ("propose", ""): {
        "*": (
            "(how|what) about {name}?", "I [can ](recommend|suggest) {name}.", "may I suggest {name}?",
            "{name} (might|could) be (a good choice|something for you).", "you (could|might) (try|like) {name}.",
            "would {name} (suit you|be all right|work)?", "there('s| is) {name}.",
            "(how|what) about {name}? it's {a_np}.", "I [can ](recommend|suggest) {name}, {a_np}.",
            "may I suggest {name}, {a_np}?", "{name} is {a_np}.",
            "{name} is {a_np}, would that (work|suit you|be all right)?", "there('s| is) {name}, {a_np}.",
            "I('ve| have) found {name}, {a_np}.", "you (could|might) (try|like) {name}, which is {a_np}.",
        ),
        "doctor": (
            "{name} (is|works as) {a_np}.", "you could see {name}, {a_np}.",
            "I [can ](recommend|suggest) {name}, {a_np}.", "you could (see|go to) {name}.",
        ),
        "train": (
            "{name} leaves at {leave} and arrives at {arrive}.",
            "there('s| is) {name} at {leave}, which gets in at {arrive}.",
            "I [can ](recommend|suggest) {name}, leaving at {leave} and arriving at {arrive}.",
            "how about {name}, leaving at {leave} and arriving at {arrive}?",
            "the {leave} service, {name}, will (get|take) you there by {arrive}.",
            "train {name} departs at {leave}, arriving at {arrive}.",
            "would {name} suit you? It leaves at {leave} and arrives at {arrive}.",
        ),
        "cinema": (
            "{name} is (showing|on|playing) at {cinema} at {start}.",
            "(how|what) about {name}? {cinema} shows it at {start}.",
            "you could (see|watch) {name} at {cinema}, it starts at {start}.",
            "I [can ](recommend|suggest) {name}, at {start} at {cinema}.",
            "at {start} there('s| is) {name} at {cinema}.",
            "{cinema} is showing {name} at {start}, would you like that?",
        ),
        "only taxi": (
            "I (can|could) send [you ]a {name}.", "a {name} is available.", "(how|what) about a {name}?",
            "there('s| is) a {name} (free|available|nearby).",
            "a {name} could (pick you up|take you), is that (okay|fine)?", "would a {name} be (all right|okay)?",
        ),
    },
    ("offer", "booking"): {
        "*": (
            "(would you like|do you want) me to book {bookable}[ for you]?",
            "(shall|should|can|may) I book {bookable}[ for you]?", "would you like to (book|reserve) {bookable}?",
            "I can (book|reserve) {bookable}[ for you][, if you like].", "do you (want|need) {bookable}?",
            "I could book {bookable} for you right away, if you'd like.",
        ),
    },
    ("notify_success", ""): {
        "*": (
            "(that's|it's) (booked|all booked|done|confirmed), (your|the) reference [number ]is {reference}.",
            "(done|great|good news)! (your|the) (booking|reservation) is confirmed, the reference is {reference}.",
            "I('ve| have) (booked it|made the booking)[ for you]. your reference [number |code ]is {reference}.",
            "(your booking is complete|everything is booked), with reference {reference}.",
            "the booking went through. (reference|reference code): {reference}.",
            "(all set|you're all set)! your reference [number ]is {reference}.",
            "I('ve| have) booked {name} {details}. (your|the) reference [number |code ]is {reference}.",
            "{name} is booked {details}, (reference|with reference|the reference is) {reference}.",
            "(done|all set): {name} {details}. (your|the) reference is {reference}.",
        ),
        "restaurant": ("your booking at {name} {details} is confirmed, reference {reference}.",),
        "hotel": ("your booking at {name} {details} is confirmed, reference {reference}.",),
        "doctor": (
            "you have an appointment with {name} {details}. (your|the) reference is {reference}.",
        ),
        "only taxi": (
            "(that's booked|your taxi is booked|it's on its way|done), (your|the) reference [number ]is {reference}.",
            "your booking is complete, with reference {reference}.",
            "all set! your reference [number ]is {reference}.",
            "I('ve| have) booked it[ for you]. (your|the) (reference[ number| code]|confirmation code) is {reference}.",
            "the booking went through. (reference|reference code): {reference}.",
            "(done|all set): a {name} will take you {details}. (your|the) reference is {reference}.",
            "a {name} will take you {details}, (reference|with reference|the reference is) {reference}.",
            "I('ve| have) booked a {name} {details}. (your|the) reference [number |code ]is {reference}.",
        ),
    },
    ("notify_failure", "no_match"): {
        "*": (
            "[I'm |unfortunately, I'm ]sorry, (there's no {np}|I (couldn't find|don't have|can't find) {a_np}).",
            "unfortunately[,] there (isn't|is not) {a_np}.", "I'm afraid there's no {np}.",
            "I (looked|searched) but couldn't find {a_np}.",
            "~[I'm ]sorry, (nothing (matches|fits)|there's nothing like that|I found nothing like that).",
            "no luck, I'm afraid: there's no {np}.",
            "~(unfortunately|I'm afraid) (nothing|none of our {plural}) (matches|fits) (that|your request).",
        ),
    },
    ("notify_failure", "no_more"): {
        "*": (
            "~[I'm ]sorry, (there are no (others|other options)|that's the only option|I have no other options).",
            "~(unfortunately|I'm afraid) (I don't have|there isn't) (another one|anything else) like that.",
            "~no, I'm afraid that's all I (have|can offer).", "sorry, I don't have (another|any other) {np}.",
            "I'm afraid there's no other {np}.", "~I couldn't find any (others|other {plural}), sorry.",
        ),
    },
    ("notify_failure", "booking"): {
        "*": (
            "[I'm ]sorry, (the booking isn't possible|they have nothing available|there's nothing left) {details}.",
            "(unfortunately|I'm afraid) (they're|it's) fully booked {details}.",
            "I couldn't (book|get) {bookable} {details}.",
            "~[I'm ]sorry, (the booking failed|the booking was not successful|they're fully booked).",
            "~I('m| am) afraid (that's|it's) (not available|fully booked).",
            "there's no availability {details}, (sorry|I'm afraid).",
            "(my apologies|sorry), I was unable to book {bookable} {details}.",
        ),
        "only taxi": (
            "I'm afraid (that|the) car is (taken|not available) {details}.",
            "~sorry, (that car is already taken|the driver is not free) then.",
            "unfortunately, that car can't come {details}.",
        ),
        "doctor": ("(sorry|I'm afraid), the doctor (isn't|is not) (available|free) {details}.",),
    },
}  # fmt: skip
"""(act, kind) -> domain or "*" -> templates. All values of an act must fit a template, see `wording`."""
