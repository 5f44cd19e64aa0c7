"""The references of BLEU: the wizards' responses in MultiWOZ, delexicalised by the annotated spans."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from space_jax.errors import UserError
from space_jax.evaluation.multiwoz.placeholders import normalise_response

_NAME_OF = {
    "Addr": "address",
    "Post": "postcode",
    "Phone": "phone",
    "Name": "name",
    "Area": "area",
    "Type": "type",
    "Car": "car",
    "Price": "pricerange",
    "Fee": "entrancefee",
    "Ticket": "price",
    "Ref": "ref",
    "Day": "bookday",
    "Time": "booktime",
    "Stay": "bookstay",
    "People": "bookpeople",
    "Stars": "stars",
    "Choice": "choice",
    "Food": "food",
    "Dest": "destination",
    "Depart": "departure",
    "Leave": "leaveat",
    "Arrive": "arriveby",
    "Id": "trainid",
}
_CONTRACTION = re.compile(r" (n't|'(?:s|ve|re|m|ll|d))\b")
_REPEATED = re.compile(r"\b([A-Z]+)(?:, \1\b)+")


def reference(text: str, spans: Iterable[Sequence[Any]], where: str) -> str:
    """A wizard's response in the form that BLEU compares.

    Args:
      text: tokens with white space between them, in any number.
      spans: (act, slot, value, first token, last token), the last token included. One that begins inside another, whose
        last token comes before its first, or whose value is `dontcare` stays as words.
      where: begins the message of an error.

    Raises:
      UserError: a span of another form or outside the text.
    """
    words = _CONTRACTION.sub(r"\1", normalise_response(delexicalise(text, spans, where)))
    return _REPEATED.sub(r"\1", words)


def delexicalise(text: str, spans: Iterable[Sequence[Any]], where: str) -> str:
    """The text with a name between brackets instead of each span; see `reference`."""
    tokens = text.split()
    done: list[str] = []
    reached = 0
    for slot, value, first, last in sorted((_span(span, where) for span in spans), key=lambda span: span[2]):
        if not 0 <= first <= len(tokens) or last >= len(tokens):
            raise UserError(f"{where}: span {slot} of tokens {first} to {last} lies outside the {len(tokens)} tokens")
        if first < reached or last < first or value == "dontcare" or slot not in _NAME_OF:
            continue
        done += [*tokens[reached:first], f"[{_NAME_OF[slot]}]"]
        reached = last + 1
    return " ".join(done + tokens[reached:])


def _span(span: Sequence[Any], where: str) -> tuple[str, str, int, int]:
    if not isinstance(span, list) or len(span) != 5 or not all(isinstance(index, int) for index in span[3:]):
        raise UserError(f"{where}: field span_info: expected [act, slot, value, first, last], found {span!r}")
    return span[1], span[2], span[3], span[4]
