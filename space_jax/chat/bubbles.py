"""The conversation on the web page as HTML.

Gradio's own component renders HTML in a message, including pictures from other hosts, even with markdown off; here a
message is plain text.
"""

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from space_jax.dialogue.record import USER

CSS = """
.talk { display: flex; flex-direction: column-reverse; overflow-y: auto; height: calc(100vh - 240px); min-height: 240px;
  margin: 0 -4px; padding: 0 4px; }
.talk ol { margin: 0 0 auto !important; padding: 0; list-style: none; display: flex; flex-direction: column;
  gap: 10px; }
.talk li { margin: 0; max-width: 85%; padding: 7px 12px; border-radius: 12px; font-size: 0.95rem; line-height: 1.45;
  white-space: pre-wrap; overflow-wrap: anywhere; border: 1px solid var(--border-color-primary); }
.talk .system { align-self: flex-start; background: var(--background-fill-secondary); border-bottom-left-radius: 3px; }
.talk .user { align-self: flex-end; background: var(--primary-600); border-color: var(--primary-600); color: white;
  border-bottom-right-radius: 3px; }
.talk .hint { color: var(--quiet); margin: 0; font-size: 0.9rem; }
@media (max-width: 700px) { .talk { height: 52vh; } }
"""
# The newest message stays in sight because a reversed column is scrolled from its end.


class Message(NamedTuple):
    """One side's words; `role` is `USER` or `SYSTEM`."""

    role: str
    text: str


def of_messages(messages: Sequence[Message], hint: str = "The conversation begins with what you say.") -> str:
    """The messages, the oldest first; the hint where there are none."""
    items = "".join(f'<li class="{_kind(one)}">{escape(one.text)}</li>' for one in messages)
    inside = f"<ol>{items}</ol>" if messages else f'<ol><p class="hint">{escape(hint)}</p></ol>'
    return f'<div class="talk" role="log" aria-live="polite" tabindex="0">{inside}</div>'


def _kind(message: Message) -> str:
    return "user" if message.role == USER else "system"
