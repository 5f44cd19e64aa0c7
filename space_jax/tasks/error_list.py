"""A page about the errors of a task whose answers have parts: the text, the truth, the prediction."""

from collections.abc import Sequence
from html import escape

MOST = 300  # errors listed

_STYLE = """
body{font:16px/1.45 system-ui,sans-serif;margin:0 auto;padding:1rem;max-width:60rem;color:#222;background:#fff}
h1{font-size:1.3rem;margin:0 0 .5rem}.s{color:#666;font-size:.85rem}
dl{border-bottom:1px solid #ddd;margin:0;padding:.5rem 0;display:grid;grid-template-columns:6rem 1fr;gap:.1rem .5rem}
dt{color:#666;font-size:.85rem}dd{margin:0;overflow-wrap:anywhere}
@media(max-width:30rem){dl{grid-template-columns:1fr}}
@media(prefers-color-scheme:dark){body{color:#ddd;background:#161616}dl{border-color:#333}.s,dt{color:#999}}
"""


def error_list(wrong: Sequence[tuple[str, str, str, str]], count: int, title: str) -> str:
    """One self-contained HTML file without scripts.

    Args:
      wrong: id, text, truth and prediction of each record with an error.
      count: records in all.
      title: of the page.

    Returns:
      HTML; every text from outside is escaped.
    """
    shown = "".join(map(_entry, wrong[:MOST]))
    more = f" The first {MOST} of them:" if len(wrong) > MOST else ""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>"
        f"<h1>{escape(title)}</h1><p>{len(wrong)} of {count} are not all right.{more}</p>{shown}</body></html>\n"
    )


def _entry(error: tuple[str, str, str, str]) -> str:
    name, said, right, predicted = map(_visible, error)
    return (
        f"<dl><dt>{name}</dt><dd>{said}</dd><dt>right</dt><dd>{right}</dd><dt>predicted</dt><dd>{predicted}</dd></dl>"
    )


def _visible(text: str) -> str:
    return escape(text) if text.strip() else '<span class="s">nothing</span>'
