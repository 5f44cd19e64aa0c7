"""What the measures and loss terms of a run are called, in words, and in which direction they are better.

The names are those of `metrics.jsonl`. A measure that is not listed, of a task of one's own, is called by its name.
"""

import dataclasses

TERM = "term/"
FALLING = ("loss", "perplexity", TERM)  # prefixes of measures for which lower is better
NEUTRAL = ("threshold", "temperature")  # chosen on held-out data, neither good nor bad


@dataclasses.dataclass(frozen=True)
class Words:
    """A measure in words.

    Attributes:
      title: what it is.
      unit: of its axis; "" if there is none to name.
      share: whether it is a share, from 0 to 1, to be shown in percent.
      log: whether it spans orders of magnitude.
    """

    title: str
    unit: str = ""
    share: bool = False
    log: bool = False


def _share(title: str, unit: str) -> Words:
    return Words(title, unit, share=True)


# In the order in which people want to see them.
MEASURES = {
    "accuracy": _share("Intent accuracy", "% of utterances"),
    "in_scope_accuracy": _share("Accuracy in scope", "% of utterances in scope"),
    "out_of_scope_recall": _share("Out of scope recognised", "% of those out of scope"),
    "joint_goal": _share("Joint goal accuracy", "% of turns"),
    "joint_goal_trippy": _share("Joint goal, TripPy's rules", "% of turns"),
    "slot_accuracy": _share("Slot accuracy", "% of slots"),
    "macro_f1": _share("Slots, macro-F1", "F1, %"),
    "micro_f1": _share("Slots, micro-F1", "F1, %"),
    "exact": _share("All spans right", "% of utterances"),
    "intent_f1": _share("Intents, micro-F1", "F1, %"),
    "exact_match": _share("Whole parse right", "% of utterances"),
    "bracket_f1": _share("Labelled spans, F1", "F1, %"),
    "validity": _share("Well-formed parses", "% of utterances"),
    "state_exact": _share("Belief state right", "% of turns"),
    "acts_exact": _share("Dialog acts right", "% of turns"),
    "response_exact": _share("Response word for word", "% of turns"),
    "token_likelihood": _share("Likelihood of true tokens", "geometric mean, %"),
    "perplexity": Words("Perplexity of responses", "log scale", log=True),
    "word_order_accuracy": _share("Moved words put back", "% of moved words"),
    "masked_accuracy": _share("Masked words found", "% of masked words"),
    "context_accuracy": _share("Masked words of contexts found", "% of masked words"),
    "response_accuracy": _share("Masked words of responses found", "% of masked words"),
    "context_beside_accuracy": _share("Masked words of contexts found beside the response", "% of masked words"),
    "response_beside_accuracy": _share("Masked words of responses found beside the context", "% of masked words"),
    "order_accuracy": _share("Order of two turns", "% of pairs"),
    "role_accuracy": _share("Roles of slots that are used", "% of used slots"),
    "unused_accuracy": _share("Slots that are not used", "% of unused slots"),
    "replaced_accuracy": _share("Replaced words told from others", "% of words"),
    "used_f1": _share("Columns that are used, F1 of roles", "F1, %"),
    "column_accuracy": _share("Roles of all columns", "% of columns"),
    "columns_exact": _share("All columns right", "% of turns"),
    "restored_masked": _share("Hidden words: text restored", "% of texts"),
    "restored_shifted": _share("Shifted words: text restored", "% of texts"),
    "restored_reordered": _share("Reordered clauses: restored", "% of texts"),
    "restored_word_deleted": _share("Words left out: text restored", "% of texts"),
    "restored_clause_deleted": _share("Clause left out: text restored", "% of texts"),
    "act_f1": _share("Dialog acts, micro-F1", "F1, %"),
    "retrieval_intent": _share("Nearest turn: same intents", "% of turns"),
    "retrieval_domain": _share("Nearest turn: same domains", "% of turns"),
    "retrieval_domain_intent": _share("Nearest: domain and intent", "% of turns"),
    "retrieval_tree": _share("Nearest: same semantic tree", "% of turns"),
    "loss": Words("Total loss", "weighted sum of terms"),
}

# A measure for each slot of the data: prefix -> all of them together.
FAMILIES = {
    "f1/": _share("F1 of each slot", "F1, %"),
    "slot/": _share("Accuracy of each slot", "% of turns"),
}

# Kinds of loss terms. A term's name adds the side, the stream or both: `contrast_user/labelled`.
KINDS = {
    "acts": Words("Dialog acts in words", "nats a token"),
    "consistency": Words("Consistency", "nats an example"),
    "contrast": Words("Contrast", "nats an example"),
    "dialog_act": Words("Dialog acts", "nats an act"),
    "dependency": Words("Dependency of turns", "nats a turn"),
    "generation": Words("Response", "nats a token"),
    "generator": Words("Words filled in", "nats a token"),
    "intent": Words("Intent", "nats an utterance"),
    "masked": Words("Masked words", "nats a token"),
    "policy": Words("Policy", "squared distance"),
    "replaced": Words("Replaced words", "nats a token"),
    "response": Words("Response", "nats a token"),
    "roles": Words("Roles of slots", "nats a slot"),
    "selection": Words("Response selection", "nats an example"),
    "state": Words("Belief state", "nats a token"),
    "words": Words("Bag of words", "nats a token"),
}


def direction(name: str) -> str:
    """Which direction of a measure is better, as an arrow with a word; "" for one that is neither good nor bad."""
    if name in NEUTRAL:
        return ""
    return "↓ better" if name.startswith(FALLING) else "↑ better"


def measure_words(name: str) -> Words:
    """A measure, or one member of a family, in words."""
    family = next((prefix for prefix in FAMILIES if name.startswith(prefix)), None)
    if family:
        return dataclasses.replace(FAMILIES[family], title=name.removeprefix(family))
    return MEASURES.get(name) or Words(_spaced(name))


def kind_of(term: str) -> str:
    """The kind of a loss term.

    >>> kind_of("term/contrast_user/labelled")
    'contrast'
    """
    base = term.removeprefix(TERM).split("/")[0]
    for side in ("_user", "_system"):
        base = base.removesuffix(side)
    return base


def term_words(term: str) -> Words:
    """A loss term in words.

    >>> term_words("term/contrast_user/labelled").title
    'Contrast: user, labelled'
    """
    kind = kind_of(term)
    words = KINDS.get(kind) or Words(_spaced(kind))
    which = term.removeprefix(TERM).removeprefix(kind).strip("_/").replace("/", ", ")
    return dataclasses.replace(words, title=f"{words.title}: {_spaced(which, False)}" if which else words.title)


def _spaced(name: str, capital: bool = True) -> str:
    spaced = name.replace("_", " ").strip()
    return spaced[:1].upper() + spaced[1:] if capital else spaced
