"""A page about the errors of a classifier: one self-contained HTML file without scripts."""

import collections
from collections.abc import Sequence
from html import escape
from typing import Any

MOST_PAIRS = 50  # confusions listed
MOST_EXAMPLES = 8  # of one confusion

_STYLE = """
body{font:16px/1.45 system-ui,sans-serif;margin:0 auto;padding:1rem;max-width:60rem;color:#222;background:#fff}
h1{font-size:1.3rem;margin:0 0 .5rem}h2{font-size:1.05rem;margin:1.5rem 0 .5rem}
table{border-collapse:collapse;width:100%;font-size:.9rem}td,th{padding:.25rem .5rem;text-align:left;
border-bottom:1px solid #ddd;overflow-wrap:anywhere;vertical-align:top}td.n,th.n{text-align:right}
details{border-bottom:1px solid #ddd;padding:.35rem 0}summary{cursor:pointer;overflow-wrap:anywhere}
ul{margin:.4rem 0;padding-left:1.2rem}li{overflow-wrap:anywhere}.s{color:#666;font-size:.85rem}b.w{color:#b3261e}
@media(prefers-color-scheme:dark){body{color:#ddd;background:#161616}td,th,details{border-color:#333}.s{color:#999}
b.w{color:#f28b82}}
"""


def error_page(records: Sequence[Any], predictions: Sequence[dict[str, Any]], title: str) -> str:
    """The confusions, the commonest first, with utterances of each, and the classes with the lowest recall.

    Args:
      records: with `id`, `text` and `label`; those without a label are left out.
      predictions: with `label` and `score`, one a record.
      title: of the page.

    Returns:
      HTML; every text from outside is escaped.
    """
    known = [(r, p) for r, p in zip(records, predictions, strict=True) if r.label is not None]
    wrong: dict[tuple[str, str], list[tuple[Any, dict[str, Any]]]] = collections.defaultdict(list)
    for record, prediction in known:
        if record.label != prediction["label"]:
            wrong[record.label, prediction["label"]].append((record, prediction))
    pairs = sorted(wrong.items(), key=lambda item: (-len(item[1]), item[0]))
    errors = sum(len(members) for _, members in pairs)
    right = len(known) - errors
    share = f"{100 * right / len(known):.2f}%" if known else "none to count"
    confusions = "".join(_confusion(*pair, members) for pair, members in pairs[:MOST_PAIRS])
    more = f"<p>{len(pairs) - MOST_PAIRS} more confusions are not listed.</p>" if len(pairs) > MOST_PAIRS else ""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body><h1>{escape(title)}</h1>"
        f"<p>{right} of {len(known)} right ({share}), {errors} wrong in {len(pairs)} confusions.</p>"
        f"<h2>Confusions: true, then predicted</h2>{confusions or '<p>None.</p>'}{more}"
        f"<h2>Classes by recall, the lowest first</h2>{_recalls(known)}</body></html>\n"
    )


def _confusion(true: str, predicted: str, members: Sequence[tuple[Any, dict[str, Any]]]) -> str:
    surest = sorted(members, key=lambda pair: (-pair[1]["score"], pair[0].id))
    items = "".join(
        f'<li>{escape(record.text)} <span class="s">{escape(record.id)}, score {prediction["score"]:.3f}</span></li>'
        for record, prediction in surest[:MOST_EXAMPLES]
    )
    more = f'<li class="s">and {len(members) - MOST_EXAMPLES} more</li>' if len(members) > MOST_EXAMPLES else ""
    return (
        f'<details><summary>{len(members)} &times; {escape(true)} &rarr; <b class="w">{escape(predicted)}</b></summary>'
        f"<ul>{items}{more}</ul></details>"
    )


def _recalls(known: Sequence[tuple[Any, dict[str, Any]]]) -> str:
    counts = collections.Counter(record.label for record, _ in known)
    found = collections.Counter(record.label for record, p in known if record.label == p["label"])
    given = collections.Counter(p["label"] for _, p in known)
    rows = sorted((found[label] / count, label) for label, count in counts.items())
    cells = "".join(
        f'<tr><td>{escape(label)}</td><td class="n">{100 * recall:.0f}%</td><td class="n">{found[label]}</td>'
        f'<td class="n">{counts[label]}</td><td class="n">{given[label]}</td></tr>'
        for recall, label in rows
    )
    head = '<th>class</th><th class="n">recall</th><th class="n">right</th><th class="n">true</th>'
    return f'<table><tr>{head}<th class="n">predicted</th></tr>{cells}</table>'
