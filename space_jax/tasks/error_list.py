"""A page about the errors of a task whose answers have parts: the text, the truth, the prediction."""

from collections.abc import Sequence

from space_jax.corpora.html_page import breakable, page

MOST = 300  # errors listed

_STYLE = """
dl { border-bottom: 1px solid var(--line); margin: 0; padding: .5rem 0; display: grid;
  grid-template-columns: 6rem minmax(0, 1fr); gap: .1rem .5rem; }
dt { color: var(--soft); font-size: .85rem; } dd { margin: 0; }
@media (max-width: 30rem) { dl { grid-template-columns: minmax(0, 1fr); } }
"""


def error_list(wrong: Sequence[tuple[str, str, str, str]], count: int, title: str) -> str:
    """One self-contained HTML file without scripts.

    Args:
      wrong: place (file and line, or id), text, truth and prediction of each record with an error.
      count: records in all.
      title: of the page.

    Returns:
      HTML; every text from outside is escaped.
    """
    more = f" The first {MOST} of them:" if len(wrong) > MOST else ""
    summary = f"<p>{len(wrong):,} of {count:,} are not all right.{more}</p>\n"
    return page(title, summary + "".join(map(_entry, wrong[:MOST])), _STYLE)


def _entry(error: tuple[str, str, str, str]) -> str:
    place, said, right, predicted = map(_visible, error)
    return (
        f'<dl><dt>where</dt><dd class="note">{place}</dd><dt>text</dt><dd>{said}</dd>'
        f"<dt>right</dt><dd>{right}</dd><dt>predicted</dt><dd>{predicted}</dd></dl>"
    )


def _visible(text: str) -> str:
    return breakable(text) if text.strip() else '<span class="note">nothing</span>'
