"""The statistics of a corpus in plain words: what each figure is called, and a line that explains it."""

FACTS = {
    "dialogues": ("Dialogues", "conversations or single utterances"),
    "turns": ("Turns", "one speaker at a time"),
    "words": ("Words", "divided at blanks"),
    "examples": ("Training examples", "an answer with all before it; without answers, an utterance"),
    "acts": ("Dialog acts known", "share of the training examples"),
    "user_tree": ("User's meaning known", "share of the training examples"),
    "system_tree": ("Answer's meaning known", "share of the training examples"),
    "spans": ("Values found in the text", "with the place where they are said"),
    "names": ("Domains, intents, slots", "different names"),
    "tokens": ("Tokens", "pieces of words that the model reads"),
    "unmapped": ("Frames without a shared name", "kept under their own name"),
}

LENGTHS = {
    "dialogue_turns": ("Length of the dialogues", "turns", "dialogues", "How many dialogues have how many turns."),
    "turn_words": ("Length of the turns in words", "words", "turns", "How many turns have how many words."),
    "turn_tokens": ("Length of the turns in tokens", "tokens", "turns", "How many turns have how many tokens."),
    "context_tokens": (
        "Length of the contexts",
        "tokens",
        "examples",
        "A context is what the model reads before an answer; the beginning of a very long one is cut off.",
    ),
    "response_tokens": (
        "Length of the answers",
        "tokens",
        "examples",
        "An answer is what the model learns to say; 0 where there is none.",
    ),
}

LAYERS = {
    "frames": "meaning (frames)",
    "acts": "dialog acts",
    "state": "belief state",
    "delexicalised": "text with placeholders",
}
LAYERS_NOTE = "Share of all turns that have each kind of annotation. What is not annotated is not held to be empty."

DEPTHS = {0: "none in the turn", 2: "an intent", 3: "an intent and slots", 4: "slots with values"}
DEPTHS_NOTE = "Turns with annotated meaning, by the finest part that they have."

LEVELS = {"D": "domain", "I": "intent", "S": "slot", "V": "value"}
VIEWS_NOTE = (
    "Share of turns that say anything of the kind. Turns are compared by all ten of these views: the more of them "
    "agree, the more alike two turns are."
)

KINDS = {
    "intents": ("Intents", "What is wanted in a turn, with the turns that want it and the first of them."),
    "domains": ("Domains", "What it is about, with the turns about it."),
    "slots": ("Slots", "The details that are named or asked for, with the turns that do so."),
    "acts": ("Dialog acts", "What a turn does, in the names shared by all corpora, with the turns that do it."),
}

PACKINGS = {
    "packed": "several examples a row, as training does",
    "packed_tightest": "the same without a spare row",
    "to_longest": "a row each, as long as the longest",
    "fixed": "a row each, all of full length",
}
PADDING_NOTE = "Share of a batch that holds no token, and is computed for nothing, under four ways of making batches."


def view_in_words(view: str) -> str:
    """A view of the semantic tree.

    >>> view_in_words("DIS")
    'domain + intent + slot'
    """
    return " + ".join(LEVELS[letter] for letter in view)
