"""The panel beside a conversation on the web page: HTML of everything that precedes the words of an answer.

Everything that a user, a model or a table wrote is escaped.
"""

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from space_jax.agent.conversation import Conversation
from space_jax.chat.answer import Answer, act_line
from space_jax.chat.bubbles import DOTS, NARROW, TALK
from space_jax.chat.matches import booking_line, columns_of, found_line, in_words
from space_jax.chat.understood_frame import NOTHING_NEW, Understood
from space_jax.dialogue.record import BeliefState
from space_jax.world.cells import Row
from space_jax.world.lookup import Lookup

UNKNOWN = ("", "?")
"""Cells whose value is not known."""

_MOST_ROWS = 5

CSS = """
.panel { max-height: calc(100vh - 110px); overflow-y: auto; }
.panel section { border-top: 1px solid var(--border-color-primary); padding: 10px 0 12px; }
.panel h2 { font-size: 1rem; font-weight: 600; margin: 0 0 8px; color: var(--body-text-color);
  overflow-wrap: anywhere; display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2;
  overflow: hidden; }
.panel h2 q { font-weight: 400; color: var(--quiet); }
.panel h3 { font-size: 0.75rem; font-weight: 600; letter-spacing: 0.04em; text-transform: uppercase; margin: 0 0 6px;
  color: var(--quiet); }
.panel h4 { font-size: 0.9rem; font-weight: 600; margin: 6px 0 2px; color: var(--body-text-color); }
.panel p, .panel li, .panel td, .panel th { font-size: 0.9rem; line-height: 1.5; margin: 0; overflow-wrap: anywhere; }
.panel ul { margin: 0; padding: 0; list-style: none; }
.panel table { border-collapse: separate; border-spacing: 0; margin: 0; }
.panel :is(table, tr, th, td) { border: none !important; }
.panel th, .panel td { text-align: left; vertical-align: top; padding: 1px 8px 1px 0; }
.panel .values { width: 100%; table-layout: fixed; }
.panel .values th { width: 36%; font-weight: 400; color: var(--quiet); }
.panel .rows { overflow-x: auto; margin: 6px 0; }
.panel .rows :is(th, td) { white-space: nowrap; max-width: 14rem; overflow: hidden; text-overflow: ellipsis;
  padding: 3px 14px 3px 0; border-top: 1px solid var(--border-color-primary) !important; }
.panel .rows thead th { font-weight: 400; color: var(--quiet); border-top: none !important; }
.panel .rows :is(th, td):first-child { position: sticky; left: 0; background: var(--block-background-fill); }
.panel .rows tbody th { font-weight: 600; }
.panel .acts li { font-family: var(--font-mono); font-size: 0.82rem; }
.panel :is(.added, .changed, .removed) { padding-left: 1.1em; text-indent: -1.1em; }
.panel :is(.added, .changed, .removed)::before { display: inline-block; width: 1.1em; text-indent: 0;
  font-weight: 700; }
.panel .added::before { content: "+"; color: #15803d; } .dark .panel .added::before { color: #4ade80; }
.panel .changed::before { content: "~"; color: #b45309; } .dark .panel .changed::before { color: #fbbf24; }
.panel .removed::before { content: "-"; color: #b91c1c; } .dark .panel .removed::before { color: #f87171; }
.panel .none { color: var(--quiet); }
.panel .back { display: none; padding: 8px 0; font-size: 0.9rem; color: inherit; }
"""
CSS += f"@media {NARROW} {{ .panel {{ max-height: none; }} .panel .back {{ display: inline-block; }} }}"


def not_begun(domains: Sequence[str]) -> str:
    """The panel of a conversation that has not begun; `domains` are those that have tables."""
    tables = f" It has tables of: {', '.join(map(in_words, domains))}." if domains else ""
    return _panel("Understood", _nothing(f"What the agent understands is shown here, turn by turn.{tables}"))


def working(number: int, text: str) -> str:
    """The panel of a turn that is not understood yet.

    Args:
      number: of the turn, from 1.
      text: of the user.
    """
    return _panel(_title(number, text), f'<p class="none" role="status">being worked on {DOTS}</p>')


def of_answer(answer: Answer, number: int) -> str:
    """The panel of a turn; `number` counts from 1."""
    sections = {
        "Understood in this turn": _frame(answer.frame),
        "Belief state": _state(answer.state),
        "Database": _database(answer.found, answer.before, answer.state),
        "Booking": _line(booking_line(answer.found, answer.before, answer.state)),
        "Dialog acts": _list(map(act_line, answer.acts), "acts") if answer.acts else _nothing("none"),
    }
    body = "".join(f"<section><h3>{name}</h3>{body}</section>" for name, body in sections.items() if body)
    return _panel(_title(number, answer.text), f'{body}<a class="back" href="#{TALK}">Back to the conversation</a>')


def _panel(title: str, body: str) -> str:
    return f'<div class="panel" role="region" aria-label="Understood" tabindex="0"><h2>{title}</h2>{body}</div>'


def _title(number: int, text: str) -> str:
    return f"Turn {number} <q>{escape(text)}</q>" if text.strip() else f"Turn {number}"


def _frame(frame: Understood) -> str:
    items = []
    for domain, slots in frame.added.items():
        items += [_item("added", in_words(domain), f"{in_words(slot)} = {value}") for slot, value in slots.items()]
        items += [] if slots else [_item("added", in_words(domain))]
    for domain, changes in frame.changed.items():
        for slot, (was, now) in changes.items():
            items += [_item("changed", in_words(domain), f"{in_words(slot)} = {now} (was {was})")]
    for domain, gone in frame.removed.items():
        items += [_item("removed", in_words(domain), f"{in_words(slot)} removed") for slot in gone]
        items += [] if gone else [_item("removed", f"{in_words(domain)} removed")]
    return f"<ul>{''.join(items)}</ul>" if items else _nothing(NOTHING_NEW)


def _item(kind: str, *words: str) -> str:
    return f'<li class="{kind}">{escape(": ".join(words))}</li>'


def _state(state: BeliefState) -> str:
    parts = [f"<h4>{escape(in_words(domain))}</h4>{_slots(slots)}" for domain, slots in state.items()]
    return "".join(parts) or _nothing("empty")


def _slots(slots: dict[str, tuple[str, ...]]) -> str:
    values = {in_words(slot): values[0] for slot, values in slots.items() if values}
    return _values(values) if values else _nothing("no slots")


def _database(found: Lookup, before: Conversation, state: BeliefState) -> str:
    line, columns, rows = _line(found_line(found, before, state)), columns_of(found, before), found.rows[:_MOST_ROWS]
    if len(rows) < 2:
        return line + "".join(_values({in_words(column): row[column] for column in columns}) for row in rows)
    more = _nothing(f"and {found.count - len(rows)} more") if found.count > len(rows) else ""
    return f"{line}{_table(columns, rows)}{more}"


def _values(values: Mapping[str, str]) -> str:
    rows = (f'<tr><th scope="row">{escape(name)}</th><td>{_cell(value)}</td></tr>' for name, value in values.items())
    return f'<table class="values">{"".join(rows)}</table>'


def _table(columns: Sequence[str], rows: Sequence[Row]) -> str:
    head = "".join(f'<th scope="col">{escape(in_words(column))}</th>' for column in columns)
    lines = (
        f'<tr><th scope="row">{_cell(row[columns[0]])}</th>'
        + "".join(f'<td title="{escape(row[column])}">{_cell(row[column])}</td>' for column in columns[1:])
        + "</tr>"
        for row in rows
    )
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
    return f'<div class="rows" role="region" aria-label="Matching rows" tabindex="0">{table}</div>'


def _cell(value: str) -> str:
    return '<span class="none">unknown</span>' if value in UNKNOWN else escape(value)


def _list(items: Iterable[str], kind: str) -> str:
    return f'<ul class="{kind}">{"".join(f"<li>{escape(item)}</li>" for item in items)}</ul>'


def _line(words: str) -> str:
    return f"<p>{escape(words)}</p>" if words else ""


def _nothing(words: str) -> str:
    return f'<p class="none">{escape(words)}</p>'
