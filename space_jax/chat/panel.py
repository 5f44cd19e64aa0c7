"""The panel beside a conversation on the web page: HTML of everything that precedes the words of an answer."""

from collections.abc import Iterable
from html import escape

from space_jax.chat.answer import Answer, act_line, match_line, match_names
from space_jax.chat.understood_frame import NOTHING_NEW, Understood
from space_jax.dialogue.record import BeliefState

CSS = """
.panel section { border-top: 1px solid var(--border-color-primary); padding: 10px 0 12px; }
.panel section:first-child { border-top: none; padding-top: 0; }
.panel h2 { font-size: 0.75rem; font-weight: 600; letter-spacing: 0.04em; text-transform: uppercase; margin: 0 0 6px;
  color: var(--quiet); }
.panel h3 { font-size: 0.9rem; font-weight: 600; margin: 6px 0 2px; color: var(--body-text-color); }
.panel p, .panel li, .panel td, .panel th { font-size: 0.9rem; line-height: 1.5; margin: 0; overflow-wrap: anywhere; }
.panel ul { margin: 0; padding: 0; list-style: none; }
.panel table { border-collapse: collapse; width: 100%; table-layout: fixed; margin: 0; }
.panel :is(table, tr, th, td) { border: none !important; }
.panel th, .panel td { text-align: left; vertical-align: top; padding: 1px 8px 1px 0; }
.panel th { width: 36%; font-weight: 400; color: var(--quiet); }
.panel .names li { display: inline-block; margin: 6px 5px 0 0; padding: 0 9px; border-radius: 10px;
  background: var(--background-fill-secondary); border: 1px solid var(--border-color-primary); }
.panel .acts li { font-family: var(--font-mono); font-size: 0.82rem; }
.panel :is(.added, .changed, .removed) { padding-left: 1.1em; text-indent: -1.1em; }
.panel :is(.added, .changed, .removed)::before { display: inline-block; width: 1.1em; text-indent: 0;
  font-weight: 700; }
.panel .added::before { content: "+"; color: #15803d; }
.panel .changed::before { content: "~"; color: #b45309; }
.panel .removed::before { content: "-"; color: #b91c1c; }
.panel .none { color: var(--quiet); }
"""


def of_answer(answer: Answer | None) -> str:
    """The panel of an answer, or that of a conversation that has not begun.

    Everything that a user or a model wrote is escaped.
    """
    if answer is None:
        empty = [_nothing("nothing yet")] * 4
        return _sections(empty)
    names = match_names(answer.found)
    matches = f"<p>{escape(match_line(answer.found))}</p>" + (_list(names, "names") if names else "")
    acts = _list(map(act_line, answer.acts), "acts") if answer.acts else _nothing("none")
    return _sections([_frame(answer.frame), _state(answer.state), matches, acts])


def _sections(bodies: Iterable[str]) -> str:
    titles = ("Understood this turn", "Belief state", "Database", "Dialog acts")
    parts = (f"<section><h2>{title}</h2>{body}</section>" for title, body in zip(titles, bodies, strict=True))
    return f'<div class="panel">{"".join(parts)}</div>'


def _frame(frame: Understood) -> str:
    items = []
    for domain, slots in frame.added.items():
        items += [_item("added", f"{domain}: {slot} = {value}") for slot, value in slots.items()]
        items += [] if slots else [_item("added", domain)]
    for domain, changes in frame.changed.items():
        items += [_item("changed", f"{domain}: {slot} = {now} (was {was})") for slot, (was, now) in changes.items()]
    for domain, gone in frame.removed.items():
        items += [_item("removed", f"{domain}: {slot} removed") for slot in gone]
        items += [] if gone else [_item("removed", f"{domain} removed")]
    return f"<ul>{''.join(items)}</ul>" if items else _nothing(NOTHING_NEW)


def _item(kind: str, words: str) -> str:
    return f'<li class="{kind}">{escape(words)}</li>'


def _state(state: BeliefState) -> str:
    return "".join(f"<h3>{escape(domain)}</h3>{_slots(slots)}" for domain, slots in state.items()) or _nothing("empty")


def _slots(slots: dict[str, tuple[str, ...]]) -> str:
    rows = (f"<tr><th>{escape(slot)}</th><td>{escape(values[0])}</td></tr>" for slot, values in slots.items() if values)
    return f"<table>{''.join(rows)}</table>" if slots else _nothing("no slots")


def _list(items: Iterable[str], kind: str) -> str:
    return f'<ul class="{kind}">{"".join(f"<li>{escape(item)}</li>" for item in items)}</ul>'


def _nothing(words: str) -> str:
    return f'<p class="none">{escape(words)}</p>'
