"""A page about the errors of a classifier: one self-contained HTML file without scripts."""

import collections
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from space_jax.corpora.html_page import breakable, page
from space_jax.tasks.intent import confusion
from space_jax.tasks.intent.confusion import MOST_LABELS, Confusions
from space_jax.tasks.task import Near, Nearest

MOST_PAIRS = 50  # confusions listed
MOST_EXAMPLES = 8  # of one confusion

_STYLE = (
    confusion.STYLE
    + """
li { margin: .35rem 0; } li ul { margin: .1rem 0; list-style: "– "; } li li { margin: .1rem 0; }
.near, .near li { color: var(--soft); font-size: .9rem; } b.w { color: var(--wrong); }
"""
)

Error = tuple[Any, Mapping[str, Any]]
"""A record and its prediction."""


def error_page(
    records: Sequence[Any],
    predictions: Sequence[Mapping[str, Any]],
    title: str,
    training: Mapping[str, int],
    nearest: Nearest | None = None,
) -> str:
    """Which labels are confused, the errors with the training utterances nearest to them, and each label's scores.

    Args:
      records: with `id`, `text`, `label` and `where`; those without a label are left out.
      predictions: with `label` and `score`, one a record.
      title: of the page.
      training: label -> its training utterances.
      nearest: finds training utterances; without it none are shown.

    Returns:
      HTML; every text from outside is escaped.
    """
    known = [(r, p) for r, p in zip(records, predictions, strict=True) if r.label is not None]
    pairs = _pairs(known)
    errors = sum(len(members) for _, members in pairs)
    right = len(known) - errors
    share = f"{100 * right / len(known):.2f}%" if known else "none to count"
    kinds = f" in {len(pairs):,} confusions" if len(pairs) > 1 else ""
    summary = f"<p>{right:,} of {len(known):,} right ({share}), {errors:,} wrong{kinds}.</p>"
    confusions = Confusions.of([(r.label, p["label"]) for r, p in known])
    parts = [summary, _unseen(confusions, training)]
    if known:
        parts += [_matrix(confusions), _listed(pairs, nearest), _labels(confusions, training)]
    return page(title, "\n".join(parts), _STYLE)


def _pairs(known: Sequence[Error]) -> list[tuple[tuple[str, str], list[Error]]]:
    """(true, predicted) with their errors, the commonest first; of a pair the surest first."""
    wrong: dict[tuple[str, str], list[Error]] = collections.defaultdict(list)
    for record, prediction in known:
        if record.label != prediction["label"]:
            wrong[record.label, prediction["label"]].append((record, prediction))
    for members in wrong.values():
        members.sort(key=lambda error: (-error[1]["score"], error[0].id))
    return sorted(wrong.items(), key=lambda item: (-len(item[1]), item[0]))


def _unseen(confusions: Confusions, training: Mapping[str, int]) -> str:
    unseen = [label for label in confusions.labels if label not in training and confusions.true(label)]
    if not unseen or not training:
        return ""
    named = ", ".join(map(breakable, unseen[:MOST_LABELS])) + (", …" if len(unseen) > MOST_LABELS else "")
    return f'<p class="warning">Not among the training labels, so that no prediction can be right: {named}.</p>'


def _matrix(confusions: Confusions) -> str:
    count = len(confusions.labels)
    which = f"The {MOST_LABELS} labels of the commonest confusions, of {count}. " if count > MOST_LABELS else ""
    return (
        f'<h2>Which labels are confused</h2><p class="note">{which}A row holds the utterances with one true label, by '
        "the label that was predicted; the columns have the numbers of the rows. Blue is right, orange wrong, the "
        f"stronger the larger the share of the row.</p>{confusion.matrix(confusions)}"
    )


def _listed(pairs: Sequence[tuple[tuple[str, str], list[Error]]], nearest: Nearest | None) -> str:
    """The errors of each pair, with their neighbours."""
    shown = [(pair, members[:MOST_EXAMPLES], len(members)) for pair, members in pairs[:MOST_PAIRS]]
    records = [record for _, members, _ in shown for record, _ in members]
    found = nearest(records) if nearest else [[] for _ in records]
    near = iter(found)
    items = []
    for number, (pair, members, count) in enumerate(shown):
        listed = "".join(_error(*error, next(near)) for error in members)
        items.append(_confusion(pair, listed, count, opened=not number))
    more = f"<p>{len(pairs) - MOST_PAIRS} more confusions are not listed.</p>" if len(pairs) > MOST_PAIRS else ""
    note = "Click a line for the utterances, those first of which the model was surest."
    if any(found):
        note += (
            " Under each are the training utterances nearest to it (cosine of the model's vectors) with their labels:"
            " look there for wrong or contradictory labels, and for what training lacks."
        )
    return (
        f'<h2>Errors: true label, then the predicted one</h2><p class="note">{note}</p>'
        f"{''.join(items) or '<p>None.</p>'}{more}"
    )


def _confusion(pair: tuple[str, str], listed: str, count: int, opened: bool) -> str:
    true, given = map(breakable, pair)
    more = f'<li class="note">and {count - MOST_EXAMPLES} more</li>' if count > MOST_EXAMPLES else ""
    return (
        f"<details{' open' if opened else ''}><summary>{count} &times; {true} &rarr; "
        f'<b class="w">{given}</b></summary><ul>{listed}{more}</ul></details>'
    )


def _error(record: Any, prediction: Mapping[str, Any], near: Sequence[Near]) -> str:
    said = f'{escape(record.text)} <span class="note">{_place(record)}, score {prediction["score"]:.3f}</span>'
    return f"<li>{said}{_neighbours(near, prediction['label'])}</li>"


def _neighbours(near: Sequence[Near], predicted: str) -> str:
    if not near:
        return ""
    items = "".join(
        f"<li>{_label(one.record.label, predicted)}: {escape(one.record.text)} "
        f"({_place(one.record)}, cosine {one.cosine:.2f})</li>"
        for one in near
    )
    return f'<ul class="near">{items}</ul>'


def _label(label: str | None, predicted: str) -> str:
    if label is None:
        return "no label"
    return f'<b class="w">{breakable(label)}</b>' if label == predicted else f"<b>{breakable(label)}</b>"


def _place(record: Any) -> str:
    """Where the record is: file and line, else its id in its corpus."""
    return breakable(record.where or record.id)


def _labels(confusions: Confusions, training: Mapping[str, int]) -> str:
    note = (
        "Recall: the share of a label's utterances that were given it. Precision: the share of those given it that "
        "have it. True and given: how many there are of each. In training: how many the model learnt from."
    )
    table = confusion.label_table(confusions, training)
    return f'<h2>Each label, the lowest recall first</h2><p class="note">{note}</p>{table}'
