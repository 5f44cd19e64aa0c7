"""What users say: (act, kind) -> domain or "*" -> templates (see `grammar`).

A domain's templates stand beside those of "*"; those under "only <domain>" replace them.

Names in braces that are no slots: {a_np}, {np} the noun phrase with and without article, {details} booking details,
{asked} the names of the slots that have no value, {bookable} what is booked, {noun} the domain's noun, {list} anything.
"""

Phrases = dict[tuple[str, str], dict[str, tuple[str, ...]]]

USER_PHRASES: Phrases = {
    ("hi", ""): {
        "*": (
            "hi[ there]!", "hello[ there],", "hi,", "hey,", "good (morning|afternoon|evening),", "hello!",
        ),
    },
    ("bye", ""): {
        "*": (
            "goodbye.", "bye[ now]!", "bye[-bye].", "have a (good|nice|great|lovely) (day|one)!", "take care, bye.",
            "(that will be all|speak to you soon), bye.", "see you.", "goodbye, and (take care|have a good day).",
        ),
    },
    ("thank_you", ""): {
        "*": (
            "thanks[ a lot].", "thank you[ (very|so) much].", "(great|perfect|wonderful|lovely), (thanks|thank you).",
            "thanks for (your|the|all your) help.", "that's (great|very helpful|perfect), thank you.", "cheers.",
            "(excellent|brilliant), thanks[ for that].", "I appreciate (it|your help).",
        ),
    },
    ("repeat", ""): {
        "*": (
            "(sorry, )could you (say that|repeat that|say it) again[, please]?", "can you repeat that[, please]?",
            "(pardon|sorry)?", "what was that again?", "sorry, I missed that.", "would you mind repeating that?",
        ),
    },
    ("repeat", "again"): {
        "*": (
            "I said:", "sure.", "[of course, ]once more:", "no problem,", "(okay|all right), again:", "as I said,",
        ),
    },
    ("dont_understand", ""): {
        "*": (
            "[sorry, ]I don't (quite )understand.", "I'm not sure (what|that I know what) you mean.", "sorry, what?",
            "I don't follow[, sorry].", "hmm, I'm confused.", "I didn't (quite )(get|catch) that.",
        ),
    },
    ("inform", "open"): {
        "*": (
            "I'm looking for {a_np}[, please].", "I need {a_np}[, please].",
            "(can|could) you (help me find|find me|recommend|suggest) {a_np}[, please]?", "I'd like to find {a_np}.",
            "do you know [of ]{a_np}?", "I'm (trying to find|hoping to find|after) {a_np}.",
            "(is there|do you have) {a_np}[ you (can|could) recommend]?", "I want {a_np}.",
            "I'd like some help (finding|with finding) {a_np}.", "(please find|find) me {a_np}.",
        ),
        "restaurant": (
            "[I'm hungry, ]where can I find {a_np}?", "we'd like to eat at {a_np}.",
            "I'm (taking a friend out|meeting (a friend|my family|some colleagues)) and need {a_np}.",
        ),
        "hotel": (
            "I (need somewhere to sleep|am coming to town), so I'm looking for {a_np}.",
            "we're (visiting|planning a trip) and need {a_np}.",
        ),
        "attraction": (
            "(I've got|I have) some free time, (so |and )I'd like to (visit|see|go to) {a_np}.",
            "we'd like to (visit|go to) {a_np}.", "I want to go (and see|to) {a_np}.",
        ),
        "train": (
            "I (need|want|have) to (catch|take|get) {a_np}.", "when is there {a_np}?",
            "I'd like to (take|catch) {a_np}.", "are you able to look up {a_np}?",
        ),
        "cinema": (
            "I'd like to (see|watch|go to) {a_np}.", "I'm in the mood for {a_np}.", "we want to see {a_np}.",
        ),
        "doctor": (
            "I (have to|need to|should) see {a_np}.", "I'm not feeling (well|great) and need {a_np}.",
            "I'd like to (see|visit) {a_np}.", "I'd like (an appointment|to make an appointment) with {a_np}.",
        ),
        "only taxi": (
            "(can|could) you (book|get|order|call) me {a_np}[, please]?",
            "I'd like to (order|book) {a_np}[, please].", "I [also ]need [to (book|order) ]{a_np}.",
            "(please (book|order)|book) me {a_np}.", "I (want|need) {a_np}[, please].",
            "(can|could) I (have|get|order) {a_np}[, please]?", "I'm looking for {a_np}.",
        ),
    },
    ("inform", "again"): {
        "*": (
            "(as I said, )I'm looking for {a_np}.", "I still need {a_np}.", "well, {a_np}[, please].",
            "could you (look|search) for {a_np}?", "I was (asking|hoping) for {a_np}.",
            "it was {a_np} that I needed.",
        ),
    },
    ("inform", "answer"): {
        "*": (
            "{a_np}[, please].", "I'd like {a_np}.", "{a_np} would be (great|nice|good|perfect).",
            "let's say {a_np}.", "I'm thinking of {a_np}.", "ideally {a_np}.", "{details}[, please].",
            "it's {details}.", "that would be {details}.", "I'd like it {details}.", "please make it {details}.",
            "let's say {details}.", "{price}[, please].", "something {price}[, please|, if possible].",
            "I'd (like|prefer) something {price}.", "(preferably|ideally) {price}.",
            "I'm looking for something {price}.", "in the {area}[, please].", "the {area}[, please].",
            "somewhere in the {area}.", "I'd prefer the {area}.",
            "[it should be ]in the {area} (would be (great|best|nice)|if possible).",
            "(ideally|preferably) the {area}.", "{food}[ food][, please].", "I'd (like|love) {food} food.",
            "{food} (would be (great|nice)|sounds good).", "I (fancy|feel like) {food} food.",
            "we're in the mood for {food} food.", "{stars} stars[, please].", "it should have {stars} stars.",
            "a {stars}-star place[, please].", "I'd prefer {stars} stars.", "{category}[, please].",
            "perhaps a {category}?", "I'd like to see a {category}.", "a {category}[, please].",
            "from {departure}[, please].", "I'm leaving from {departure}.", "I'll be departing from {departure}.",
            "to {destination}[, please].", "I'm going to {destination}.", "I'd like to go to {destination}.",
            "from {departure} to {destination}[, please].", "I'm travelling from {departure} to {destination}.",
            "I need to get from {departure} to {destination}.",
            "to {destination}, (leaving|departing) from {departure}.", "in the {period}[, please].",
            "I'd prefer the {period}.", "the {period} (would be best|suits me).", "some time in the {period}.",
            "{genre}[, please].", "I'd like to see something in the {genre} genre.", "I'm in the mood for {genre}.",
            "{language}[, please].", "we need someone who speaks {language}.", "{language} would be (helpful|good).",
            "a {specialty}[, please].", "I'd like to see a {specialty}.", "I need a {specialty}.",
            "a {type} one[, please].", "{type}[, please].", "I'd like a {type} car.",
            "{people} <people:person/people>[, please].", "for {people}[, please].", "there will be {people} of us.",
            "{people}.", "it's for {people} <people:person/people>.", "{day}[, please].", "on {day}[, please].",
            "{day} would (suit me|be (great|good)).", "I was thinking of {day}.", "{time}[, please].",
            "at {time}[, please].", "around {time}[ if possible].", "let's say {time}.",
            "{nights} <nights:night/nights>[, please].", "for {nights} <nights:night/nights>.",
            "we're staying {nights} <nights:night/nights>.", "{day} at {time}[, please].",
            "on {day}, (around|at) {time}.", "{people} <people:person/people>, on {day}[, please].",
        ),
    },
    ("inform", "also"): {
        "*": (
            "I'd (prefer|rather have) {a_np}[, actually].", "(actually, )I'm looking for {a_np}.", "is it {a_np}?",
            "hmm, I'd like {a_np}[, please].", "it should be {a_np}[, though].",
            "I forgot to say that I want {a_np}.", "it has to be {price}[, though].",
            "(could it be|is there) something {price}?", "I'd like it to be {price}.", "it should be in the {area}.",
            "do you have (one|anything) in the {area}?", "I'd like it to be in the {area}.",
            "it should be in the {period}.", "I'd like to go in the {period}.", "is there one in the {period}?",
            "I'd like {food} food.", "do they serve {food} food? That's what I want.",
            "I forgot to say: {language} should be spoken.", "I need somebody who speaks {language}.",
        ),
    },
    ("inform", "instead"): {
        "*": (
            "(how|what) about {a_np}( instead|, then)?", "then {a_np}[, please].", "could you try {a_np}?",
            "okay, I'd also be happy with {a_np}.", "would there be {a_np}[ instead]?",
            "(in that case|then), {a_np} would [also ]be fine.", "(how|what) about {details}( instead|, then)?",
            "could you try {details}[ instead]?", "[(okay|all right), ](then )({details}, please|make it {details}).",
            "would it work {details}?", "(how|what) about {price} instead?", "{price} would be (okay|fine) too.",
            "okay, let's try {price} then.", "(how|what) about the {area}[ instead]?",
            "the {area} would be (okay|fine) too.", "could you check the {area}, then?",
            "(how|what) about {food} food[ instead]?", "okay, {food} food then.", "do you have {food} instead?",
            "(how|what) about the {period}[ instead]?", "the {period} would (work|be fine) too.",
            "(how|what) about {day}[ instead]?", "{day} would (work|be fine) too.", "is {day} possible?",
            "(how|what) about {time}[ instead]?", "could (you|we) do {time}[ instead]?",
            "is {time} (possible|available)?", "what if (we|I) stayed {nights} <nights:night/nights>?",
            "would {nights} <nights:night/nights> be possible?", "what about {genre}[ instead]?",
            "what about a {category}[ instead]?",
        ),
    },
    ("inform", "booking"): {
        "*": (
            "(could|can) you book {bookable} {details}[, please]?", "I'd like {bookable} {details}[, please].",
            "[please ]book {bookable} {details}.", "I'd like to book {bookable} {details}.",
            "I need {bookable} {details}.", "could you (reserve|arrange) {bookable} {details}?",
            "let's book {bookable} {details}.", "[that sounds good. ]I'd like to book it {details}.",
            "book it {details}[, please].",
        ),
        "only taxi": (
            "I need it {details}.", "please (book|send) it {details}.", "it should take me {details}.",
            "can you book the ride {details}?", "let's book it {details}.",
        ),
    },
    ("inform", "correct"): {
        "*": (
            "I meant {details}.", "it should be {details}.", "please make it {details}.", "{details}[, please].",
            "(could you|can you) change it to {time}?", "make that {time}[, please].", "I'd rather come at {time}.",
            "(could you|can you) change it to {day}?", "make that {day}[, please].", "{day} is better for me.",
            "I (need|want) {nights} <nights:night/nights>.", "I'm looking for {a_np}.", "it should be {a_np}.",
            "I meant {a_np}.",
        ),
    },
    ("request", ""): {
        "*": (
            "(can|could|would) you (tell|give) me the {asked}[, please]?",
            "(can|could|may) I (get|have) the {asked}[, please]?", "I('d like| need) the {asked}[, please].",
            "[and ]do you know the {asked}?", "please (give|tell) me the {asked}.",
            "I('d| would) also like to know the {asked}.", "what about the {asked}?", "and the {asked}?",
        ),
    },
    ("reqalts", ""): {
        "*": (
            "[hmm, ]is there (anything|something) else?",
            "do you have (anything else|another one|any other options)?",
            "could you (suggest|recommend|find) (another one|something else)?", "I'd (prefer|like) a different one.",
            "what else (do you have|is there)?", "any other (suggestions|options|ideas)?",
            "(not that one|I'm not convinced), what else is there?", "can you look for another one[, please]?",
        ),
    },
    ("select", ""): {
        "*": (
            "{name}[, please].", "I'd (like|prefer) {name}.", "{name} sounds (good|great|nice|better).",
            "let's (go with|take) {name}.", "I'll (take|go with) {name}[, please].",
            "{name} (seems|looks) (fine|good)[ to me].", "I think {name}[ would be best].",
        ),
    },
    ("select", "back"): {
        "*": (
            "(okay|all right), I'll (take|go with) {name} (then|after all).",
            "then let's (take|go with) {name}[ after all].", "in that case, {name} (is fine|will do).",
            "fine, {name} it is.", "(no problem|never mind), {name} is okay.", "well, then {name}[, please].",
        ),
        "only taxi": (
            "(okay|all right), I'll take the {name} (then|after all).",
            "then let's (take|go with) the {name}[ after all].", "in that case, the {name} (is fine|will do).",
            "fine, the {name} it is.",
        ),
    },
    ("affirm", ""): {
        "*": (
            "yes[, please].", "yes,", "(yeah|sure),", "actually yes,", "there's one more thing,", "yes, there is.",
        ),
    },
    ("affirm", "accept"): {
        "*": (
            "that sounds (good|great|perfect|nice|lovely).", "(great|perfect|good|okay).",
            "yes, that (works|is fine).", "that('s| is) (fine|good|perfect)[ for me].",
            "I like (that|the sound of that).", "(okay|all right), let's go with that.", "that [one ]works[ for me].",
            "yes, I'll take (it|that one).",
        ),
    },
    ("affirm", "right"): {
        "*": (
            "yes[, (please|thanks)].", "yes, that's (right|correct).", "(that's right|correct|right|exactly).",
            "yep.", "(yes|yeah), that's it.", "that's [all ]correct[, thank you].", "sounds right.", "yes, exactly.",
            "indeed, that's (right|correct).",
        ),
    },
    ("affirm", "booking"): {
        "*": (
            "yes[, please].", "(yes|sure), go ahead.", "yes, (please do|that would be great|I'd like that).", "sure.",
            "please do.", "(okay|all right), yes.", "that would be (great|lovely|helpful)[, thanks].",
            "(yeah|yep), please.",
        ),
    },
    ("negate", ""): {
        "*": (
            "no[, that's (all|everything|it)].", "no, (I'm (good|fine|all set)|nothing else).",
            "(nope|nothing else|no).", "that('s| is) (all|everything)[ (for now|I needed)].",
            "no, that('s| is) all I (needed|need).", "I think that's it.",
        ),
    },
    ("negate", "booking"): {
        "*": (
            "no[, (thanks|thank you)].", "no, (that's not necessary|not [right ]now).",
            "no need[ to book][, thanks].", "I don't need a booking[, thanks].",
            "not (today|yet|at the moment)[, thanks].", "no, I just wanted the information.",
            "(that's|it's) okay, no booking[ needed].",
        ),
    },
    ("negate", "wrong"): {
        "*": (
            "(no|sorry|wait), I've changed my mind.", "no[, not quite].", "(sorry|actually), no.",
            "hold on, not quite.", "hmm, no.", "no, that's not (quite )(right|it).", "oh wait, no.",
        ),
    },
    ("negate", "give_up"): {
        "*": (
            "(okay|oh well|hmm), never mind[, then].", "(then|in that case), (forget it|leave it).",
            "no, I'll leave it[ then].", "(too bad|that's a pity|what a shame), I'll (look|ask) elsewhere.",
            "no, then I don't need (it|one).", "(all right|okay), let's (leave|drop|forget) (that|it).",
        ),
    },
    ("negate", "patience"): {
        "*": (
            "(sorry|I'm afraid), I (have to|need to|must) (go|run) now.", "I'm [running ]out of time[, sorry].",
            "(you know what|sorry), (let's|we can) leave it there.", "I have to stop here.",
            "this is taking too long, I'll (call back|try again) later.", "never mind, I have to (go|leave).",
        ),
    },
    ("not_sure", "rest"): {
        "*": (
            "I don't (mind|care) about the {asked}.", "no preference (for|on) the {asked}.",
            "I'm open on the {asked}.",
            "the {asked} doesn't matter[ to me].", "I'm (flexible|easy) on the {asked}.",
            "any {asked} (is fine|will do).",
            "as for the {asked}, (you choose|I don't mind).",
        ),
    },
    ("not_sure", ""): {
        "*": (
            "I don't (mind|care) about the {asked}.", "(I have no|no) preference (for|on) the {asked}.",
            "the {asked} doesn't matter[ to me].", "I'm (open|flexible) on the {asked}.",
            "the {asked} is (not important|up to you).", "~(it doesn't|that doesn't) (matter|really matter)[ to me].",
            "~I (don't|really don't) mind.", "~(anything is fine|anything works|any will do).",
            "~no preference[ there].", "~I'm (easy|flexible).", "~I'm not sure, any is fine.",
            "~whatever you (have|recommend).", "~you choose.",
        ),
    },
}  # fmt: skip
"""(act, kind) -> domain or "*" -> templates. All values of an act must fit a template, see `wording`."""
